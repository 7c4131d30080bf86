"""Translates exceptions of the orders and of the user client into problems."""

from http import HTTPStatus
from typing import Any

from rest_framework.exceptions import APIException
from rest_framework.response import Response

from orders.models import InvalidTransition, OrderClosed
from problems.exceptions import problem_handler
from user_client import UserServiceUnavailable


class OrderIsClosed(APIException):
    """The problem for ``OrderClosed``."""

    status_code = HTTPStatus.CONFLICT
    default_detail = "A fulfilled or cancelled order cannot be changed."
    default_code = "order_closed"


class TransitionRefused(APIException):
    """The problem for ``InvalidTransition``."""

    status_code = HTTPStatus.CONFLICT
    default_detail = "The order's status does not allow this transition."
    default_code = "invalid_transition"


class UserUnverifiable(APIException):
    """The problem for ``UserServiceUnavailable``; the request can be retried after ``wait`` seconds."""

    status_code = HTTPStatus.SERVICE_UNAVAILABLE
    default_detail = "The user service is unavailable, so the user cannot be verified. Retry later."
    default_code = "user_service_unavailable"
    wait: float = 1

    def __init__(self, wait: float) -> None:
        super().__init__()
        self.wait = wait


def exception_handler(exc: Exception, context: dict[str, Any]) -> Response | None:
    """Return the problem for ``exc``: REST framework's EXCEPTION_HANDLER."""
    match exc:
        case OrderClosed():
            exc = OrderIsClosed()
        case InvalidTransition():
            exc = TransitionRefused(str(exc))
        case UserServiceUnavailable():
            exc = UserUnverifiable(exc.retry_after)
    return problem_handler(exc, context)
