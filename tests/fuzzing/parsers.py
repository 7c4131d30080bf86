"""Three parsers of HTTP/1.1: the project's codec, and h11 and llhttp (by httptools) as references."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import h11
import httptools

from http1.body import Body
from http1.fields import MalformedError
from http1.head import parse_request, parse_response, response_length
from http1.stream import EndOfStreamError, Stream

HEAD_LIMIT = 131_072


class RefusedError(Exception):
    """A parser rejects the bytes."""


class NotComparableError(Exception):
    """A reference cannot be compared, such as after an Upgrade to another protocol."""


@dataclass(frozen=True)
class Message:
    """A parsed message: its start (method or status), its body, and its end in the bytes."""

    start: bytes
    body: bytes
    end: int


Parser = Callable[[bytes], Message | None]  # None: the message is not complete


class _Bytes:
    """The parts of a socket that a Stream uses. The peer has sent ``data`` and closed the connection."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def recv(self, size: int) -> bytes:
        piece = self.data[self.at : self.at + size]
        self.at += len(piece)
        return piece


def _codec(data: bytes, parse: Callable[[str], tuple[bytes, int | None]], *, is_request: bool) -> Message | None:
    connected = _Bytes(data)
    stream = Stream(connected)
    try:
        start, length = parse(stream.read_head(HEAD_LIMIT, skips_empty_lines=is_request).decode("latin-1"))
        body = b"".join(Body(stream, length))
    except EndOfStreamError:
        return None
    except MalformedError as error:
        raise RefusedError(str(error)) from error
    return Message(start, body, connected.at - len(stream.peek(HEAD_LIMIT)))


def codec_request(data: bytes) -> Message | None:
    """Parse a request as the gateway and the services do."""

    def parse(text: str) -> tuple[bytes, int | None]:
        head = parse_request(text)
        return head.method.encode(), head.length

    return _codec(data, parse, is_request=True)


def codec_response(data: bytes) -> Message | None:
    """Parse a response to GET as the gateway does. An interim response is a separate message."""

    def parse(text: str) -> tuple[bytes, int | None]:
        head = parse_response(text)
        return b"%d" % head.status, response_length(head, "GET")

    return _codec(data, parse, is_request=False)


def _h11(connection: h11.Connection, data: bytes) -> Message | None:
    start, body = b"", b""
    try:
        connection.receive_data(data)
        while not isinstance(event := connection.next_event(), h11.EndOfMessage | h11.InformationalResponse):
            if event is h11.NEED_DATA:
                return _at_end_of_stream(connection, start, body, len(data))
            if event is h11.PAUSED:
                raise NotComparableError
            start, body = start or _start(event), body + getattr(event, "data", b"")
    except h11.RemoteProtocolError as error:
        raise RefusedError(str(error)) from error
    start = start or _start(event)
    if start == b"101":
        raise NotComparableError
    return Message(start, body, len(data) - len(connection.trailing_data[0]))


def _start(event: Any) -> bytes:
    return event.method if isinstance(event, h11.Request) else b"%d" % event.status_code


def _at_end_of_stream(connection: h11.Connection, start: bytes, body: bytes, size: int) -> Message | None:
    """Return the message if the end of the connection completes it."""
    try:
        connection.receive_data(b"")
        event = connection.next_event()
    except h11.RemoteProtocolError:
        return None
    return Message(start, body, size) if isinstance(event, h11.EndOfMessage) else None


def h11_request(data: bytes) -> Message | None:
    """Parse a request with h11."""
    return _h11(h11.Connection(h11.SERVER, max_incomplete_event_size=HEAD_LIMIT), data)


def h11_response(data: bytes, method: bytes = b"GET") -> Message | None:
    """Parse a response to a request with h11."""
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEAD_LIMIT)
    connection.send(h11.Request(method=method, target="/", headers=[("Host", "example.org")]))
    connection.send(h11.EndOfMessage())
    return _h11(connection, data)


class _Events:
    """The callbacks of llhttp."""

    def __init__(self) -> None:
        self.body = b""
        self.is_complete = False

    def on_body(self, data: bytes) -> None:
        self.body += data

    def on_message_complete(self) -> None:
        self.is_complete = True


def _llhttp(data: bytes, make_parser: Callable[[_Events], Any], start: Callable[[Any], bytes]) -> Message | None:
    events = _Events()
    parser = make_parser(events)
    for end in range(1, len(data) + 1):  # byte by byte, because it does not report the end of a message
        try:
            parser.feed_data(data[end - 1 : end])
        except httptools.HttpParserUpgrade as error:
            raise NotComparableError from error
        except httptools.HttpParserError as error:
            raise RefusedError(str(error)) from error
        if events.is_complete:
            return Message(start(parser), events.body, end)
    return None


def llhttp_request(data: bytes) -> Message | None:
    """Parse a request with llhttp."""
    return _llhttp(data, httptools.HttpRequestParser, lambda parser: parser.get_method())


def llhttp_response(data: bytes) -> Message | None:
    """Parse a response to GET with llhttp, which cannot detect the end of a response that ends with the connection."""
    message = _llhttp(data, httptools.HttpResponseParser, lambda parser: b"%d" % parser.get_status_code())
    if message is None or message.start.startswith(b"1"):  # it supports four interim statuses only
        raise NotComparableError
    return message


REQUEST_REFERENCES = {"h11": h11_request, "llhttp": llhttp_request}
RESPONSE_REFERENCES = {"h11": h11_response, "llhttp": llhttp_response}


def disagreement(data: bytes, codec: Parser, references: dict[str, Parser]) -> str | None:
    """Return a difference between ``codec`` and a reference for the first message; None if all agree.

    A parser may be stricter than another: bytes that one of the two rejects are no difference.
    """
    try:
        own = codec(data)
    except RefusedError:
        return None
    for name, reference in references.items():
        try:
            other = reference(data)
        except (RefusedError, NotComparableError):
            continue
        if own != other:
            return f"the codec parses {own}, {name} {other}"
    return None
