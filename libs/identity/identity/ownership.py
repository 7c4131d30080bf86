"""Views of resources that belong to users."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db.models import Model, QuerySet
from rest_framework.exceptions import NotFound
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request

from identity.callers import caller_of, is_staff
from identity.exceptions import InsufficientScope
from identity.internal import HEADER


class OwnedMixin(GenericAPIView[Any]):
    """Restricts callers to reading and writing their own objects. It has no effect without ``AUTH``.

        class OrderViewSet(OwnedMixin, ResourceViewSet[Order]):
            scope_resource = "orders"
            owner_field = "user_id"

    Objects of other users are not found, by any method, filter or page. Staff users and callers with the scope
    ``RESOURCE:all`` have access to all objects. ``owner_field`` is a field of the model, a number or a relation to
    users; in serializers of ``get_serializer`` it is checked in the request, before their ``validate``. An action that
    reads objects by a queryset of its own, not by ``get_queryset``, restricts them with ``owned``.
    """

    scope_resource: str
    owner_field: str

    def get_queryset(self) -> QuerySet[Model]:
        """Return the objects that the caller has access to."""
        return self.owned(super().get_queryset())

    def filter_queryset(self, queryset: Any) -> Any:
        """Filter the objects that the caller has access to, also if a subclass's ``get_queryset`` ignores this one."""
        return super().filter_queryset(self.owned(queryset))

    def owned(self, queryset: QuerySet[Model]) -> QuerySet[Model]:
        """Return those of the objects that the caller has access to."""
        if self.sees_all():
            return queryset
        caller = caller_of(self.request)
        if "__" in self.owner_field:
            raise ImproperlyConfigured(f"{type(self).__name__}.owner_field must be a field of the model.")
        if caller is None or caller.user_id is None:
            return queryset.none()
        return queryset.filter(**{self.owner_field: caller.user_id})

    def get_serializer(self, *args: Any, **kwargs: Any) -> Any:
        """Return the serializer, which validates that an owner in the request is the caller."""
        serializer: Any = super().get_serializer(*args, **kwargs)
        if ("data" in kwargs or len(args) > 1) and not self.sees_all():
            one = getattr(serializer, "child", serializer)
            one.validators = [*one.validators, self.refuse_other_owner_among]
            for field in getattr(one, "fields", {}).values():
                if field.source in self._owner_names:
                    field.validators = [*field.validators, self.refuse_other_owner]
                    field.allow_null = False  # validators do not see null
        return serializer

    @property
    def default_response_headers(self) -> dict[str, str]:
        """Return the headers, with a ``Vary`` by which Django's caches keep the responses of callers apart."""
        headers: dict[str, str] = super().default_response_headers
        if settings.AUTH:
            headers["Vary"] = ", ".join(filter(None, [headers.get("Vary"), HEADER, "Cookie"]))
        return headers

    def check_object_permissions(self, request: Request, obj: Any) -> None:
        """Check that the caller has access to the object, also if a subclass's ``get_object`` does not filter.

        Raises:
            NotFound: the object has another owner.
        """
        if not self.sees_all() and hasattr(obj, self.owner_field) and not self._is_own(getattr(obj, self.owner_field)):
            raise NotFound
        super().check_object_permissions(request, obj)

    def sees_all(self) -> bool:
        """Whether the request has access to objects of all users."""
        if not settings.AUTH:
            return True
        caller = caller_of(self.request)
        return self._all in caller.scopes if caller else is_staff(self.request)

    def refuse_other_owner(self, owner: object) -> None:
        """Validate the owner in a request.

        Raises:
            InsufficientScope: the owner is not the caller's user.
        """
        if not self._is_own(owner):
            raise InsufficientScope(self._all)

    def refuse_other_owner_among(self, values: Any) -> None:
        """Validate the owner among the values of a serializer, as ``refuse_other_owner`` does."""
        for name in self._owner_names:
            if isinstance(values, Mapping) and name in values:
                self.refuse_other_owner(values[name])

    def _is_own(self, owner: object) -> bool:
        caller = caller_of(self.request)
        return caller is not None and caller.user_id is not None and getattr(owner, "pk", owner) == caller.user_id

    @property
    def _owner_names(self) -> set[str]:
        relation = self.owner_field.removesuffix("_id")  # a relation has two names
        return {self.owner_field, relation, f"{relation}_id"}

    @property
    def _all(self) -> str:
        return f"{self.scope_resource}:all"
