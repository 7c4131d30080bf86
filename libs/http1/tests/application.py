"""Response objects and functions that send them over one end of a connection."""

from http1.body import Body
from http1.head import parse_request
from http1.response_writer import ResponseWriter
from http1.stream import Stream

DATE = ("Date", "then")


class Whole(list):
    """A response in memory, as Django's HttpResponse."""

    streaming = False

    @property
    def content(self):
        return b"".join(self)


class Streamed(list):
    """A streaming response with trailers, as Django's StreamingHttpResponse."""

    streaming = True
    trailers = [("X-Sum", "1")]


def writer_for(ours, line="GET / HTTP/1.1", *lines, is_stopping=False):
    request = parse_request("\r\n".join([line, "Host: example.org", *lines, "", ""]))
    return ResponseWriter(ours, request, Body(Stream(ours), request.length), lambda: is_stopping)


def sent(ours, peer):
    """Close our end and return the bytes that the peer received."""
    ours.close()
    received = b""
    while data := peer.recv(65536):
        received += data
    return received


def send(writer, response, *headers, status="200 OK"):
    writer.start_response(status, [DATE, *headers])
    writer.send(response)
