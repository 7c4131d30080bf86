"""Certificates, and an upstream that speaks TLS."""

import contextlib
import ssl
from datetime import UTC, datetime, timedelta

import trustme

from tests.upstream import Upstream

AUTHORITY = trustme.CA()
OTHER_AUTHORITY = trustme.CA()


def certificate(*names: str, authority: trustme.CA = AUTHORITY, **validity: datetime) -> trustme.LeafCert:
    return authority.issue_cert(*(names or ("localhost",)), **validity)


def expired() -> trustme.LeafCert:
    now = datetime.now(tz=UTC)
    return certificate(not_before=now - timedelta(days=2), not_after=now - timedelta(days=1))


class TlsUpstream(Upstream):
    """Offers HTTP/1.1 and HTTP/2 over TLS; records the server names and the protocols of its connections."""

    def __init__(self, leaf: trustme.LeafCert | None = None, port: int = 0, host: str = "127.0.0.1") -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        (leaf or certificate()).configure_cert(self._context)
        self._context.set_alpn_protocols(["h2", "http/1.1"])
        self._context.sni_callback = lambda _, name, __: self.names.append(name)
        super().__init__(port, host)
        self.url = f"https://localhost:{self.port}"

    def reset(self) -> None:
        self.names: list[str | None] = []
        self.protocols: list[str | None] = []
        super().reset()

    def _serve(self, connection) -> None:
        with contextlib.suppress(OSError):
            connection.socket = self._context.wrap_socket(connection.socket, server_side=True)
            self.protocols.append(connection.socket.selected_alpn_protocol())
            super()._serve(connection)


def close_with_alert(connection) -> None:
    """Close the connection with a ``close_notify`` alert."""
    connection.socket.settimeout(0.1)
    with contextlib.suppress(OSError):  # the gateway sends no alert back
        connection.socket.unwrap()
    connection.close()
