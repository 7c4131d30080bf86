"""GET requests of the portal to a replica, on separate connections that are not pooled."""

import json
from dataclasses import dataclass
from typing import Any

import gevent

from chassis import service_token
from http1.body import Body
from http1.fields import format_fields
from http1.head import response_length
from proxy.errors import FAILURES, UpstreamError, from_failure
from proxy.upstreams.connection import Connection
from proxy.upstreams.replica import Replica

_MAX_BYTES = 8 * 1024 * 1024


class FetchError(Exception):
    """The replica sent no usable response; the message has the reason."""


@dataclass(frozen=True)
class Fetched:
    """A response of a replica."""

    status: int
    content: bytes

    def json(self) -> Any:
        """Return the content, parsed.

        Raises:
            FetchError: the content is not JSON.
        """
        try:
            return json.loads(self.content)
        except (ValueError, RecursionError) as error:
            raise FetchError(f"The response is not JSON: {error}.") from error


def fetch(replica: Replica, path: str, *, seconds: float) -> Fetched:
    """Return the response of ``replica`` to GET ``path``.

    Raises:
        FetchError: the response is malformed, larger than 8 MiB, or took longer than ``seconds``.
    """
    try:
        with gevent.Timeout(seconds, TimeoutError(f"No response within {seconds:g} s.")):
            connection = replica.connect()
            try:
                return _exchange(connection, replica.authority, path)
            finally:
                connection.close()
    except UpstreamError as error:
        raise FetchError(error.detail) from error
    except TimeoutError as error:
        raise FetchError(str(error)) from error
    except FAILURES as error:
        raise FetchError(from_failure(error).detail) from error


def _exchange(connection: Connection, host: str, path: str) -> Fetched:
    fields = [("Host", host), ("Accept", "application/json"), ("Connection", "close")]
    fields += service_token.outgoing_headers().items()
    connection.send(f"GET {path} HTTP/1.1\r\n{format_fields(fields)}\r\n".encode("latin-1"))
    head = connection.read_head()
    content = bytearray()
    for piece in Body(connection.stream, response_length(head, "GET")):
        content += piece
        if len(content) > _MAX_BYTES:
            raise FetchError("The response is too large.")
    return Fetched(head.status, bytes(content))
