"""Requests that are read whole before anything is done with them."""

from chassis.refusal import render_refusal
from http1.body import Body
from http1.fields import MalformedError, members
from http1.head import CHUNKED, RequestHead, parse_request
from http1.limits import Limits
from http1.refusal import refuse
from http1.stream import HeadTooLargeError, Stream


def receive(stream: Stream, limits: Limits, most: int) -> tuple[RequestHead, Body, bytes] | None:
    """Return a request, its body, and what was read of that; None where it was refused.

    Of a body of more than ``most`` bytes nothing is read, or, where its length is not given, a little more than these.

    Raises:
        EndOfStreamError: the client ended the connection before its request was complete.
        OSError: the connection failed.
    """
    try:
        text = stream.read_head(limits.head).decode("latin-1")
        request = parse_request(text)
        limits.check(text, request)
        body = Body(stream, request.length)
        return request, body, b"" if body.finished else _read(stream, request, body, most)
    except HeadTooLargeError:
        refuse(stream.socket, 431, "The head of the request is too large.", render_refusal)
    except MalformedError as error:
        refuse(stream.socket, getattr(error, "status", 400), str(error), render_refusal)
    return None


def _read(stream: Stream, request: RequestHead, body: Body, most: int) -> bytes:
    if request.length is not CHUNKED and request.length > most:
        return b""
    if request.version >= (1, 1) and "100-continue" in members(request.fields, "expect"):
        stream.socket.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    content = bytearray()
    for piece in body:
        content += piece
        if len(content) > most:
            break
    return bytes(content)
