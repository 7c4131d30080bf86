"""Parsing of request and response heads, and the body length that they declare."""

import re
from dataclasses import dataclass

from http1.fields import TOKEN, Fields, MalformedError, members, parse_fields, repair_section, values

_REQUEST_LINE = re.compile(rf"({TOKEN}) ([^\x00-\x20\x7f]+) HTTP/(\d)\.(\d)")
_STATUS_LINE = re.compile(r"HTTP/1\.(\d) ([1-9]\d\d)(?: ([^\x00-\x08\x0a-\x1f\x7f]*))?")
_ABSOLUTE_FORM = re.compile(r"https?://([^/?#@]+)([/?][^#]*)?", re.IGNORECASE)
_NAME = r"[A-Za-z0-9\-._~%!$&'()*+,;="
_HOST = re.compile(rf"(\[{_NAME}:]+\]|{_NAME}]*)(:[0-9]*)?")  # an IP literal or a name, and a port (RFC 3986)
_LENGTH = re.compile(r"\d{1,18}")

CHUNKED = None  # body length: delimited by the chunked encoding
UNTIL_CLOSE = -1  # body length: delimited by the close of the connection


class RefusedError(MalformedError):
    """A request that is refused with ``status`` instead of 400."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status


@dataclass(slots=True)
class RequestHead:
    """A parsed request head; an absolute-form target is converted to origin-form."""

    method: str
    target: str
    version: tuple[int, int]
    fields: Fields
    length: int | None

    @property
    def path(self) -> str:
        """The target without its query, still percent-encoded."""
        return self.target.partition("?")[0]

    @property
    def keeps_alive(self) -> bool:
        """Whether the client keeps the connection open for more requests (RFC 9112, section 9.3)."""
        options = members(self.fields, "connection")
        return "close" not in options and (self.version >= (1, 1) or "keep-alive" in options)

    @property
    def expects_continue(self) -> bool:
        """Whether the client waits for 100 Continue before it sends the body (RFC 9110, section 10.1.1)."""
        return self.version >= (1, 1) and "100-continue" in members(self.fields, "expect")


@dataclass(slots=True)
class ResponseHead:
    """A parsed response head."""

    version: tuple[int, int]
    status: int
    reason: str
    fields: Fields

    @property
    def keeps_alive(self) -> bool:
        """Whether the server keeps the connection open for more requests (RFC 9112, section 9.3)."""
        options = members(self.fields, "connection")
        if "close" in options or self.version >= (1, 1):
            return "close" not in options
        # Transfer-Encoding in HTTP/1.0 means faulty framing (RFC 9112, section 6.1).
        return "keep-alive" in options and not values(self.fields, "transfer-encoding")


def parse_request(text: str) -> RequestHead:
    """Parse a request head; ``text`` starts with the request line and ends with the empty line.

    Raises:
        MalformedError: the head is malformed or ambiguous.
        RefusedError: the same, with another status than 400.
    """
    line, _, section = text.partition("\r\n")
    if not (found := _REQUEST_LINE.fullmatch(line)) or not text.endswith("\r\n\r\n"):
        raise MalformedError("The request line is malformed.")
    method, target, major, minor = found.groups()
    if method == "CONNECT":
        raise MalformedError("CONNECT is not supported.")
    version = (int(major), int(minor))
    if version[0] != 1:
        raise RefusedError(505, "Only HTTP/1.0 and HTTP/1.1 are supported.")
    fields = parse_fields(section[:-2])
    hosts = values(fields, "host")
    if len(hosts) > 1 or (version >= (1, 1) and not hosts):
        raise MalformedError("A request must have exactly one Host field.")  # RFC 9112, section 3.2
    if hosts and not _HOST.fullmatch(hosts[0]):
        raise MalformedError("The Host field is malformed.")
    if target[0] != "/" and not (target == "*" and method == "OPTIONS"):
        target, host = _origin_form(method, target)
        fields = [("Host", host), *(pair for pair in fields if pair[0].lower() != "host")]
    return RequestHead(method, target, version, fields, request_length(fields, version))


def _origin_form(method: str, target: str) -> tuple[str, str]:
    """Split an absolute-form target into origin-form and Host (RFC 9112, section 3.2.2)."""
    found = _ABSOLUTE_FORM.fullmatch(target)
    if not found or not _HOST.fullmatch(found[1]):
        raise MalformedError("The request target is neither a path nor an http URL.")
    rest = found[2] or ("*" if method == "OPTIONS" else "/")  # RFC 9112, section 3.2.4
    return (f"/{rest}" if rest[0] == "?" else rest), found[1]


def request_length(fields: Fields, version: tuple[int, int]) -> int | None:
    """Return the length of a request's body, or ``CHUNKED`` (RFC 9112, section 6.3).

    Raises:
        MalformedError: Content-Length is not a single number, or Transfer-Encoding is repeated, comes with
            Content-Length, or comes in HTTP/1.0.
        RefusedError: Transfer-Encoding is not ``chunked``.
    """
    lengths, codings = values(fields, "content-length"), values(fields, "transfer-encoding")
    if codings:
        if lengths or len(codings) > 1 or version < (1, 1):
            raise MalformedError("The length of the body is ambiguous.")
        if codings[0].lower() != "chunked":
            raise RefusedError(501, "The only supported transfer coding is chunked.")
        return CHUNKED
    if not lengths:
        return 0
    if len(lengths) > 1 or not _LENGTH.fullmatch(lengths[0]):
        raise MalformedError("Content-Length must be a single number.")
    return int(lengths[0])


def parse_response(text: str) -> ResponseHead:
    """Parse a response head; ``text`` ends with the empty line.

    Raises:
        MalformedError: the head is malformed and cannot be repaired.
    """
    line, _, section = text.rstrip("\r\n").partition("\n")
    if not (found := _STATUS_LINE.fullmatch(line.removesuffix("\r"))):
        raise MalformedError("The status line is malformed.")
    minor, status, reason = found.groups()
    section = section and f"{section}\r\n"
    try:
        fields = parse_fields(section)
    except MalformedError:
        fields = parse_fields(repair_section(section))
    return ResponseHead((1, int(minor)), int(status), reason or "", fields)


def response_length(head: ResponseHead, method: str) -> int | None:
    """Return the length of a response's body, ``CHUNKED`` or ``UNTIL_CLOSE`` (RFC 9112, section 6.3).

    Raises:
        MalformedError: Content-Length has different values or is not a number, or the response also has
            Transfer-Encoding, or that is not ``chunked``.
    """
    if head.status == 204 or head.status < 200:  # noqa: PLR2004 -- HTTP status codes
        return 0
    # ``members`` drops empty members, but here an empty one is malformed.
    lengths = {length.strip(" \t") for value in values(head.fields, "content-length") for length in value.split(",")}
    if len(lengths) > 1 or not all(map(_LENGTH.fullmatch, lengths)):
        raise MalformedError("Content-Length must be a single number.")
    if method == "HEAD" or head.status == 304:  # noqa: PLR2004 -- as above
        return 0
    if codings := members(head.fields, "transfer-encoding"):
        if lengths or codings != ["chunked"]:
            raise MalformedError("The length of the body is ambiguous.")
        return CHUNKED
    return int(lengths.pop()) if lengths else UNTIL_CLOSE
