"""How the services' gunicorn writes an answer."""

from typing import Any

from gunicorn.http.wsgi import Response


class OnePieceResponse(Response):  # type: ignore[misc] # gunicorn has no types
    """Sends the head together with the first piece of the body.

    gunicorn sends it alone: one system call more, and the client wakes up for a head that it can do nothing with.
    """

    def send_headers(self) -> None:
        """Wait for the first piece."""

    def close(self) -> None:
        """Send what ends the answer, and the head if there was no body."""
        super().send_headers()
        super().close()

    def sendfile(self, respiter: Any) -> bool:
        """Send a file without reading it, where that can be done."""
        super().send_headers()
        return bool(super().sendfile(respiter))

    def _emit_body(self, data: bytes) -> None:
        if self.headers_sent:
            super()._emit_body(data)
            return
        sock, self.sock = self.sock, _Collector()
        super().send_headers()
        super()._emit_body(data)
        sock.sendall(self.sock.sent)
        self.sock = sock


class _Collector:
    """Takes what would be sent."""

    def __init__(self) -> None:
        self.sent = b""

    def sendall(self, data: bytes) -> None:
        self.sent += data
