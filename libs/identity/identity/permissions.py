"""Permission classes for callers and staff users."""

from typing import Any

from django.contrib.auth import get_permission_codename
from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from identity.callers import caller_of, is_staff
from identity.exceptions import IdentityRequired, InsufficientScope

_ACTIONS = {"POST": "add", "DELETE": "delete", "PUT": "change", "PATCH": "change"}


class HasScope(BasePermission):
    """Allows callers with the scope ``RESOURCE:read``, or ``RESOURCE:write`` for unsafe methods, and staff users.

    The view's ``scope_resource`` names the resource; a view without one refuses all requests. Staff users need the
    model permission that the admin requires. A refusal is raised as an exception with a problem type of its own, so the
    class can be combined with others by ``&``, and be the last operand of ``|``, but not negated.
    """

    problems = (IdentityRequired, InsufficientScope)

    def has_permission(self, request: Request, view: Any) -> bool:
        """Whether the caller or staff user may use the method.

        Raises:
            IdentityRequired: the request has neither.
            InsufficientScope: the caller lacks the scope.
            PermissionDenied: the view has no ``scope_resource``.
        """
        caller = caller_of(request)
        if not (caller or is_staff(request)):
            raise IdentityRequired
        if not hasattr(view, "scope_resource"):
            raise PermissionDenied("The view has no `scope_resource`, so it refuses all requests.")
        if caller is None:
            return _staff_may(request, view)
        scope = required_scope(request.method or "", view)
        if scope not in caller.scopes:
            raise InsufficientScope(scope)
        return True


def required_scope(method: str, view: Any) -> str:
    """Return the scope for ``method`` of ``view``."""
    return f"{view.scope_resource}:{'read' if method in SAFE_METHODS else 'write'}"


def _staff_may(request: Any, view: Any) -> bool:
    if not hasattr(view, "get_queryset"):
        return False
    options = view.get_queryset().model._meta
    action = _ACTIONS.get(request.method, "view")
    if action == "add" and getattr(view, "detail", False):  # an action on one object, such as /orders/7/cancel
        action = "change"
    return bool(request.user.has_perm(f"{options.app_label}.{get_permission_codename(action, options)}"))
