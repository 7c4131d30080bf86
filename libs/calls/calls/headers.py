"""The headers of a call to another service."""

from chassis import service_token
from identity.outgoing import identity_headers
from observability import request_id


def outgoing_headers(service: str, *, reads: str) -> dict[str, str]:
    """Return the id of the current request, the service token, and the identity of this service.

    With ``AUTH`` the identity tells ``service`` that this one may read a resource, such as users.
    """
    identity = identity_headers(service, reads=reads)
    return request_id.outgoing_headers() | service_token.outgoing_headers() | identity
