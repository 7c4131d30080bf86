"""The sender of a request, according to its verified credential."""

import math
import time
from dataclasses import dataclass, field

from django.conf import settings

from identity.internal import LIFETIME, Caller, sign
from proxy.units import Rate


@dataclass(slots=True, eq=False)
class Principal:
    """The authenticated sender of a request, and the expiry of its token."""

    caller: Caller
    issuer: str = ""  # of the token
    expires_at: float = math.inf  # seconds of time.time
    rate_limit: Rate | None = None  # of the API key
    log_fields: dict[str, str] = field(init=False)  # for the access log
    _signed: dict[str, tuple[str, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Set ``log_fields`` to the fields that are not empty."""
        caller = self.caller
        named = {"subject": caller.subject, "client_id": caller.client, "key_id": caller.key_id}
        self.log_fields = {name: value for name, value in named.items() if value}

    @property
    def name(self) -> str:
        """A unique name, for rate limits."""
        return f"{self.issuer} {self.caller.subject}"

    def identity(self, upstream: str) -> str:
        """Return the signed identity for ``upstream``; each is cached for half its lifetime."""
        now = time.time()
        text, until = self._signed.get(upstream, ("", 0.0))
        if not now < until <= now + LIFETIME / 2:
            text = sign(self.caller, audience=upstream, service_token=settings.SERVICE_TOKENS[0], issued_at=now)
            self._signed[upstream] = text, now + LIFETIME / 2
        return text
