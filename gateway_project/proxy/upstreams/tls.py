"""TLS to upstreams: the certificate and its host name are always verified."""

import ssl
from typing import TYPE_CHECKING

import gevent
from gevent.ssl import PROTOCOL_TLS_CLIENT, SSLContext, SSLSocket

from proxy.errors import ConnectTimeoutError, TlsError, UnreachableError

if TYPE_CHECKING:
    from gevent.socket import socket

    from proxy.routes import UpstreamSettings


UNEXPECTED_EOF = "UNEXPECTED_EOF_WHILE_READING"  # the reason of a plain SSLError in Python 3.11.2


def client_context(settings: "UpstreamSettings") -> SSLContext:
    """Return a context that trusts the authorities of ``ca_file``, or those of the system."""
    context = SSLContext(PROTOCOL_TLS_CLIENT)  # verifies certificate and host name; TLS 1.2 or later
    if settings.ca_file:
        context.load_verify_locations(cadata=settings.ca_file.certificates)
    else:
        context.load_default_certs()
    context.set_alpn_protocols(["http/1.1"])
    context.options &= ~getattr(ssl, "OP_IGNORE_UNEXPECTED_EOF", 0)  # set by Python 3.11.2; hides truncation
    return context


def start_tls(connected: "socket", context: SSLContext, host: str, seconds: float) -> SSLSocket:
    """Return the TLS connection over ``connected``; close ``connected`` if the handshake fails.

    Reads from the connection raise an error if the data ends without a closure alert (RFC 9112, section 9.8).

    Raises:
        TlsError: the certificate is not trusted or not for ``host``, or there is no common TLS version or cipher.
        UnreachableError: the server closed the connection, or (``ConnectTimeoutError``) took longer than ``seconds``.
    """
    try:
        return _handshake(connected, context, host, seconds)
    except (ssl.SSLError, ValueError) as error:
        if isinstance(error, ssl.SSLEOFError) or getattr(error, "reason", "") == UNEXPECTED_EOF:
            raise UnreachableError("The upstream closed the connection before TLS began.") from error
        reason = getattr(error, "verify_message", None) or getattr(error, "reason", None) or str(error)
        raise TlsError(f"No TLS connection to the upstream: {reason.rstrip('.')}.") from error
    except OSError as error:
        raise UnreachableError(f"No TLS connection to the upstream: {error.strerror or error}.") from error


def _handshake(connected: "socket", context: SSLContext, host: str, seconds: float) -> SSLSocket:
    try:
        connected = context.wrap_socket(
            connected, do_handshake_on_connect=False, suppress_ragged_eofs=False, server_hostname=host
        )
        connected.settimeout(None)
        with gevent.Timeout(max(seconds, 0.001), ConnectTimeoutError("No TLS connection to the upstream in time.")):
            connected.do_handshake()
    except BaseException:
        connected.close()
        raise
    return connected
