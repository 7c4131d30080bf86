"""REST framework's permissions of callers."""

from typing import Any

from django.contrib.auth import get_permission_codename
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from identity.callers import caller_of, is_staff
from identity.exceptions import IdentityRequired, InsufficientScope

_ACTIONS = {"POST": "add", "DELETE": "delete", "PUT": "change", "PATCH": "change"}


class HasScope(BasePermission):
    """Allows callers with the scope ``RESOURCE:read``, or ``RESOURCE:write`` for unsafe methods, and permitted staff.

    The view's ``scope_resource`` names the resource. Staff need the permission of the model that Django's admin wants.
    """

    problems = (IdentityRequired, InsufficientScope)

    def has_permission(self, request: Request, view: Any) -> bool:
        """Whether the caller or the member of the staff may use the method.

        Raises:
            IdentityRequired: there is neither.
            InsufficientScope: the caller's scopes do not suffice.
        """
        if caller := caller_of(request):
            scope = required_scope(request.method or "", view)
            if scope not in caller.scopes:
                raise InsufficientScope(scope)
            return True
        if is_staff(request):
            return _staff_may(request, view)
        raise IdentityRequired


def required_scope(method: str, view: Any) -> str:
    """Return the scope for ``method`` of ``view``."""
    return f"{view.scope_resource}:{'read' if method in SAFE_METHODS else 'write'}"


def _staff_may(request: Any, view: Any) -> bool:
    options = view.get_queryset().model._meta
    action = _ACTIONS.get(request.method, "view")
    if action == "add" and view.detail:  # an action on one object, such as /orders/7/cancel
        action = "change"
    return bool(request.user.has_perm(f"{options.app_label}.{get_permission_codename(action, options)}"))
