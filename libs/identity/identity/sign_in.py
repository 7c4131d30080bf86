"""Lockout after failed sign-ins to the admin."""

from datetime import timedelta
from typing import Any

from axes.backends import AxesStandaloneBackend
from axes.handlers.database import AxesDatabaseHandler
from axes.models import AccessAttempt, AccessLog
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db.models import Sum
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from problems.responses import problem_response
from problems.types import ProblemType

LOCKED_OUT = ProblemType(429, "locked_out", "Too many sign-ins have failed; retry later.")

ACCOUNT_FAILURE_LIMIT = 20
KNOWN_ADDRESS = timedelta(days=90)
MAX_USERNAME_LENGTH = 255


class SignInBackend(AxesStandaloneBackend):  # type: ignore[misc] # axes has no types
    """Refuses locked-out sign-ins; one without a request, as ``Client.login``, is left to the other backends."""

    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> None:
        """Raise PermissionDenied if the sign-in is locked out."""
        if request is not None:
            super().authenticate(request, **credentials)


class SignInHandler(AxesDatabaseHandler):  # type: ignore[misc] # axes has no types
    """Also locks accounts after failures from many addresses (django-axes' ``AXES_HANDLER``).

    After ``ACCOUNT_FAILURE_LIMIT`` failures within ``AXES_COOLOFF_TIME``, an account accepts sign-ins only from
    addresses that have signed in successfully within ``KNOWN_ADDRESS``. This stops guesses from many addresses, and
    does not lock out the user of the account.
    """

    def is_locked(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> bool:
        """Whether the address has failed too often for this account, or the account is locked for the address."""
        if super().is_locked(request, credentials):
            return True
        username = tried_username(request, credentials)  # credentials such as a token have none
        return username is not None and _is_account_locked(
            username,
            request.axes_ip_address,  # type: ignore[attr-defined] # noted by axes
        )


def _is_account_locked(username: str, address: str) -> bool:
    now = timezone.now()
    recent = AccessAttempt.objects.filter(username=username, attempt_time__gte=now - settings.AXES_COOLOFF_TIME)
    failures = recent.aggregate(total=Sum("failures_since_start"))["total"] or 0
    if failures < ACCOUNT_FAILURE_LIMIT:
        return False
    successes = AccessLog.objects.filter(username=username, ip_address=address)
    return not successes.filter(attempt_time__gte=now - KNOWN_ADDRESS).exists()


def tried_username(request: HttpRequest, credentials: dict[str, Any] | None = None) -> str | None:
    """Return the username of a sign-in as long as axes can store it (django-axes' ``AXES_USERNAME_CALLABLE``).

    As for Django's backends, it is named ``username`` or like the ``USERNAME_FIELD`` of the user model.
    """
    tried = credentials or request.POST
    username = tried.get("username") or tried.get(get_user_model().USERNAME_FIELD)
    return username[:MAX_USERNAME_LENGTH] if username else None


def locked_out(request: HttpRequest, credentials: dict[str, Any]) -> HttpResponse:
    """Respond to a sign-in that is locked out (django-axes' ``AXES_LOCKOUT_CALLABLE``)."""
    seconds = int(settings.AXES_COOLOFF_TIME.total_seconds())
    return problem_response(request, *LOCKED_OUT, {"Retry-After": str(seconds)})
