"""Asks services how they are."""

import http.client

from devtools.projects import Address

TIMEOUT_SECONDS = 3.0
READY_PATH = "/health/ready"


def is_ready(address: Address) -> bool:
    """Whether the service at the address says that it is usable."""
    return health_status(address) == http.client.OK


def health_status(address: Address) -> int | None:
    """Return the status of ``GET /health/ready``, or None without an answer. No proxy variable is followed."""
    connection = http.client.HTTPConnection(address.client_host, address.port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("GET", READY_PATH)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
