"""Serializers that refuse what they do not know."""

import copy
from collections.abc import Mapping
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from django.db import models
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.utils import html

from chassis.rest.fields import StrictCharField, StrictDateTimeField, StrictEmailField, StrictIntegerField

ModelT = TypeVar("ModelT", bound=models.Model)

# Django's hidden field, in every form of the browsable API.
FORM_FIELDS = {"csrfmiddlewaretoken"}

# The methods of ModelSerializer that take part in making fields, and some that do not.
_BUILDERS = {name for name, value in vars(serializers.ModelSerializer).items() if callable(value)} - {
    "create",
    "get_fields",
    "update",
}
_META = ("model", "fields", "exclude", "read_only_fields", "extra_kwargs", "depth")
# Fields that hold no other fields.
_FLAT = (
    serializers.BigIntegerField,
    serializers.BooleanField,
    serializers.CharField,
    serializers.ChoiceField,
    serializers.DateTimeField,
    serializers.IntegerField,
    StrictCharField,
    StrictEmailField,
    StrictIntegerField,
)
_kept: WeakKeyDictionary[type, tuple[list[Any], dict[str, Any]]] = WeakKeyDictionary()


class StrictModelSerializer(serializers.ModelSerializer[ModelT]):
    """A ModelSerializer for a public API.

    An unknown field is an error, next to the errors of the other fields; a read-only one may be sent back, as it was
    read, and is ignored. JSON types are not converted.
    """

    serializer_field_mapping = serializers.ModelSerializer.serializer_field_mapping | {
        models.CharField: StrictCharField,
        models.EmailField: StrictEmailField,
        models.BigIntegerField: StrictIntegerField,
        models.PositiveIntegerField: StrictIntegerField,
        models.DateTimeField: StrictDateTimeField,
    }

    def get_fields(self) -> dict[str, Any]:
        """Return the fields, which are built once for a class and copied for each serializer.

        They are built each time for a class that overrides how that is done.
        """
        own = type(self).__mro__[: type(self).__mro__.index(StrictModelSerializer)]
        if any(not _BUILDERS.isdisjoint(vars(one)) for one in own):
            return super().get_fields()
        options = [getattr(self.Meta, name, None) for name in _META]
        if type(self) not in _kept or _kept[type(self)][0] != options:
            _kept[type(self)] = copy.deepcopy(options), super().get_fields()
        return {name: _copied(field) for name, field in _kept[type(self)][1].items()}

    def to_internal_value(self, data: Any) -> Any:
        """Return the validated values of the fields that were sent."""
        errors: dict[str, Any] = {}
        if isinstance(data, Mapping):
            ignored = FORM_FIELDS if html.is_html_input(data) else set()
            unknown = [name for name in data if name not in self.fields and name not in ignored]
            errors = {name: ErrorDetail("Unknown field.", "unknown_field") for name in unknown}
        try:
            value = super().to_internal_value(data)
        except ValidationError as error:
            raise ValidationError(error.detail | errors) from error  # type: ignore[operator]
        if errors:
            raise ValidationError(errors)
        return value

    def update(self, instance: ModelT, validated_data: Any) -> ModelT:
        """Save the changes; a request without any, such as one of read-only fields, leaves ``updated_at`` as it is."""
        return super().update(instance, validated_data) if validated_data else instance

def _copied(field: Any) -> Any:
    """Return a copy of a field, of which nothing is changed with the other."""
    if type(field) not in _FLAT:
        return copy.deepcopy(field)  # as REST framework copies declared fields
    copied = copy.copy(field)
    vars(copied).update({name: value.copy() for name, value in vars(field).items() if type(value) in (dict, list)})
    return copied
