"""What exceptions of the orders and of the user client are to a client of the API."""

from http import HTTPStatus
from typing import Any

from rest_framework.exceptions import APIException
from rest_framework.response import Response

from chassis.rest.exceptions import problem_handler
from orders.models import InvalidTransition, OrderClosed
from user_client import UserServiceUnavailable


class Closed(APIException):
    """The order is fulfilled or cancelled."""

    status_code = HTTPStatus.CONFLICT
    default_detail = "A fulfilled or cancelled order cannot be changed."
    default_code = "order_closed"


class TransitionRefused(APIException):
    """The order has another final status."""

    status_code = HTTPStatus.CONFLICT
    default_code = "invalid_transition"


class UserUnverifiable(APIException):
    """Whether the user exists cannot be told now; the request can be repeated after ``wait`` seconds."""

    status_code = HTTPStatus.SERVICE_UNAVAILABLE
    default_detail = "Whether the user exists cannot be checked now; try again."
    default_code = "user_service_unavailable"

    def __init__(self, wait: int) -> None:
        super().__init__()
        self.wait = wait


def exception_handler(exc: Exception, context: dict[str, Any]) -> Response | None:
    """Answer ``exc`` with a problem: REST framework's EXCEPTION_HANDLER."""
    return problem_handler(_api_exception(exc), context)


def _api_exception(exc: Exception) -> Exception:
    match exc:
        case OrderClosed():
            return Closed()
        case InvalidTransition():
            return TransitionRefused(str(exc))
        case UserServiceUnavailable():
            return UserUnverifiable(exc.retry_after)
    return exc
