"""The problems that exceptions of the orders and of the user client are to a client of the API."""

from http import HTTPStatus
from typing import Any

from rest_framework.exceptions import APIException
from rest_framework.response import Response

from chassis.rest.exceptions import problem_handler
from orders.models import InvalidTransition, OrderClosed
from user_client import UserServiceUnavailable


class Conflict(APIException):
    """The order is not in a status that allows the request."""

    status_code = HTTPStatus.CONFLICT


class UserUnverifiable(APIException):
    """Whether the user exists cannot be told now; the request can be repeated after ``wait`` seconds."""

    status_code = HTTPStatus.SERVICE_UNAVAILABLE
    default_detail = "Whether the user exists cannot be checked now; try again."
    default_code = "user_service_unavailable"

    def __init__(self, wait: int) -> None:
        super().__init__()
        self.wait = wait


def exception_handler(exc: Exception, context: dict[str, Any]) -> Response | None:
    """Return the problem for ``exc``: REST framework's EXCEPTION_HANDLER."""
    match exc:
        case OrderClosed():
            exc = Conflict("A fulfilled or cancelled order cannot be changed.", "order_closed")
        case InvalidTransition():
            exc = Conflict(str(exc), "invalid_transition")
        case UserServiceUnavailable():
            exc = UserUnverifiable(exc.retry_after)
    return problem_handler(exc, context)
