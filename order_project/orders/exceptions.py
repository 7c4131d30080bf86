"""The exceptions of the orders and of the user client as problems."""

from http import HTTPStatus
from typing import Any

from rest_framework.exceptions import APIException
from rest_framework.response import Response

from orders.models import InvalidTransition, OrderClosed
from problems.exceptions import problem_handler
from user_client import UserServiceUnavailable


class OrderIsClosed(APIException):
    """``OrderClosed`` as a problem."""

    status_code = HTTPStatus.CONFLICT
    default_detail = "A fulfilled or cancelled order cannot be changed."
    default_code = "order_closed"


class TransitionRefused(APIException):
    """``InvalidTransition`` as a problem."""

    status_code = HTTPStatus.CONFLICT
    default_detail = "The order's status does not allow this transition."
    default_code = "invalid_transition"


class UserUnverifiable(APIException):
    """The user service is unavailable; the request can be repeated after ``wait`` seconds."""

    status_code = HTTPStatus.SERVICE_UNAVAILABLE
    default_detail = "Whether the user exists cannot be checked now; try again."
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
