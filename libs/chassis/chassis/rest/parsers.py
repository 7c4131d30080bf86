"""How request bodies are read."""

import json
from collections.abc import Mapping
from typing import IO, Any

from rest_framework import parsers
from rest_framework.exceptions import ParseError
from rest_framework.utils.json import strict_constant

# NaN and Infinity, which Python would take, are no JSON (RFC 8259, section 6).
_decode = json.JSONDecoder(parse_constant=strict_constant).decode


class JSONParser(parsers.JSONParser):
    """JSON, in which nesting that is deeper than Python's stack is one more way to be malformed.

    REST framework makes a decoder for each body, which takes as long as to decode a small one.
    """

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return the parsed body."""
        encoding = (parser_context or {}).get("encoding", "utf-8")
        try:
            return _decode(stream.read().decode(encoding))
        except ValueError as error:  # no JSON, or not in this encoding
            raise ParseError(f"JSON parse error - {error}") from error
        except RecursionError as error:
            raise ParseError("JSON parse error - nested too deeply") from error
