"""The headers of calls between services."""

from chassis import service_token
from identity.outgoing import identity_headers
from observability import request_id


def outgoing_headers(service: str, *, reads: str) -> dict[str, str]:
    """Return the request id, the service token and the identity token for a call to ``service``.

    With ``AUTH``, the identity token grants this service read access to the resource ``reads``, for example ``users``.
    """
    identity = identity_headers(service, reads=reads)
    return request_id.outgoing_headers() | service_token.outgoing_headers() | identity
