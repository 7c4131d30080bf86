"""Authenticates the requests of a gateway process."""

import time
from collections.abc import Callable

import gevent

from proxy.authentication.api_keys import PREFIX, ApiKeys
from proxy.authentication.credentials import credential_of, has_cookie, split_credentials
from proxy.authentication.errors import InsufficientScopeError, InvalidTokenError, NotAuthenticatedError
from proxy.authentication.key_set import KeySet
from proxy.authentication.policy import Policy
from proxy.authentication.principal import Principal
from proxy.authentication.scopes import needed_scopes
from proxy.authentication.token_cache import TokenCache
from proxy.authentication.tokens import TokenVerifier
from proxy.cors import is_preflight
from proxy.limits import RateLimiter
from proxy.received import Received
from proxy.routes import Route

_REFRESH_INTERVAL = 1.0  # seconds between two checks whether keys are due for a refresh


class Authenticator:
    """Authenticates the sender of a request, and checks its scopes."""

    def __init__(self, policy: Policy, limiter: RateLimiter, now: Callable[[], float] = time.time) -> None:
        self._token_cache = TokenCache(now)
        self._key_sets = {issuer.issuer: KeySet(issuer, self._token_cache.clear) for issuer in policy.issuers}
        self._failure_limit = policy.failure_limit
        self._limiter = limiter
        self._api_keys = ApiKeys(policy.keys)
        self._verifier = TokenVerifier(policy.issuers, self._key_sets)

    def run(self) -> None:
        """Refresh the keys of all issuers in a loop."""
        while True:
            for key_set in self._key_sets.values():
                key_set.refresh()
            gevent.sleep(_REFRESH_INTERVAL)

    def check(self, route: Route, received: Received) -> None:
        """Set ``received.principal`` to the sender of a request, and remove its credential.

        Preflights pass without a principal, because browsers send them without credentials. Requests with only the
        route's session cookie pass, too: the upstream authenticates them.

        Raises:
            GatewayError: the request is rejected.
        """
        head = received.head
        if route.public or is_preflight(head):
            return
        needed = needed_scopes(route, head.method)
        shown, others = split_credentials(head.fields)
        try:
            credential = credential_of(head.target, shown)
            if credential is None:
                if route.session_cookie and has_cookie(head.fields, route.session_cookie):
                    return
                raise NotAuthenticatedError
            principal = self._identify(credential, received)
        except InvalidTokenError:
            self._limiter.count_failure(self._failure_limit, received.client_address)
            raise
        received.principal = principal
        head.fields = others
        if missing := needed - principal.caller.scopes:
            raise InsufficientScopeError(missing)

    def _identify(self, credential: str, received: Received) -> Principal:
        if credential.startswith(PREFIX):
            return self._api_keys.verify(credential)
        if principal := self._token_cache.get(credential):
            return principal
        self._limiter.refuse_after_failures(self._failure_limit, received.client_address)
        principal = self._verifier.verify(credential)
        self._token_cache.put(credential, principal)
        return principal
