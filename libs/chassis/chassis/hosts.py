"""Which host names a service answers to."""

from functools import lru_cache

from django.conf import settings
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest
from django.http.request import split_domain_port, validate_host
from django.http.response import HttpResponseBase
from django.middleware.common import CommonMiddleware

from chassis.service_token import OPEN_PATHS


class HostMiddleware(CommonMiddleware):
    """Django's CommonMiddleware, which refuses every host but ``settings.ALLOWED_HOSTS``, with one exception.

    Prometheus and many supervisors ask each container at its address, which no setting can know. The answers to them
    hold no link that the host would lead astray.
    """

    def process_request(self, request: HttpRequest) -> HttpResponseBase | None:  # type: ignore[override]
        """Refuse the request, redirect it, or let it through (None)."""
        if request.path.startswith(OPEN_PATHS):
            return None
        return super().process_request(request)


class KnownHostRequest(WSGIRequest):
    """A request that looks closely only at a host that has not been seen before."""

    def get_host(self) -> str:
        """Return the host that the client named.

        Raises:
            DisallowedHost: it is none of ``settings.ALLOWED_HOSTS``.
        """
        host: str = self._get_raw_host()  # type: ignore[attr-defined] # Django's, and not in the stubs
        if _is_allowed(host, tuple(settings.ALLOWED_HOSTS)):
            return host
        return super().get_host()


@lru_cache(maxsize=64)
def _is_allowed(host: str, allowed: tuple[str, ...]) -> bool:
    domain, _ = split_domain_port(host)
    return bool(domain) and validate_host(domain, allowed)
