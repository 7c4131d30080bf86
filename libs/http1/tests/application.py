"""WSGI requests and response objects at one end of a connection."""

from http1.body import Body
from http1.head import parse_request
from http1.response_writer import ResponseWriter
from http1.stream import Stream

DATE = ("Date", "then")


class Whole(list):
    """A response that the application has whole, as Django's."""

    streaming = False

    @property
    def content(self):
        return b"".join(self)


class Streamed(list):
    """A response that comes in pieces, with trailers at its end."""

    streaming = True
    trailers = [("X-Sum", "1")]


def writer_for(ours, line="GET / HTTP/1.1", *lines, is_stopping=False):
    request = parse_request("\r\n".join([line, "Host: example.org", *lines, "", ""]))
    return ResponseWriter(ours, request, Body(Stream(ours), request.length), lambda: is_stopping)


def sent(ours, peer):
    """Return all that was sent."""
    ours.close()
    received = b""
    while data := peer.recv(65536):
        received += data
    return received


def send(writer, response, *headers, status="200 OK"):
    writer.start_response(status, [DATE, *headers])
    writer.send(response)
