"""Serializers that refuse what they do not know."""

import copy
from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from django.db import models
from django.utils.datastructures import MultiValueDict
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.utils import html
from rest_framework.utils.formatting import lazy_format

from chassis.rest.fields import (
    StrictBooleanField,
    StrictCharField,
    StrictDateTimeField,
    StrictEmailField,
    StrictIntegerField,
)

ModelT = TypeVar("ModelT", bound=models.Model)

# Django's hidden field, in every form of the browsable API.
FORM_FIELDS = {"csrfmiddlewaretoken"}

# What is known of how fields are built (docs/adr/0025): the methods of ModelSerializer that take part, and some that do
# not; the options; fields of which copies can be made.
_BUILDERS = {name for name, value in vars(serializers.ModelSerializer).items() if callable(value)} - {
    "create",
    "get_fields",
    "update",
}
_META = ("model", "fields", "exclude", "read_only_fields", "extra_kwargs", "depth")
_FLAT = (
    *(serializers.BigIntegerField, serializers.BooleanField, serializers.CharField, serializers.ChoiceField),
    *(serializers.DateTimeField, serializers.IntegerField),
    *(StrictBooleanField, StrictCharField, StrictDateTimeField, StrictEmailField, StrictIntegerField),
)
# Fields that read several names of a form, such as ``address.street`` and ``items[0]name``.
_NESTED = (serializers.BaseSerializer, serializers.ListField, serializers.DictField)
_kept: WeakKeyDictionary[type, tuple[list[Any], dict[str, Any]]] = WeakKeyDictionary()


class StrictModelSerializer(serializers.ModelSerializer[ModelT]):
    """A ModelSerializer for a public API.

    An unknown field is an error, next to the errors of the other fields; a read-only one may be sent back, as it was
    read, and is ignored. JSON types are not converted.
    """

    serializer_field_mapping = serializers.ModelSerializer.serializer_field_mapping | {  # type: ignore[misc] # fromkeys
        **dict.fromkeys([models.CharField, models.TextField], StrictCharField),
        models.EmailField: StrictEmailField,
        models.BooleanField: StrictBooleanField,
        **dict.fromkeys([models.IntegerField, models.SmallIntegerField, models.BigIntegerField], StrictIntegerField),
        **dict.fromkeys([models.PositiveIntegerField, models.PositiveSmallIntegerField], StrictIntegerField),
        models.DateTimeField: StrictDateTimeField,
    }

    def get_fields(self) -> dict[str, Any]:
        """Return the fields: built once for a class and then copied, if every class in play is known.

        They are built each time for a class that overrides how that is done, and if what is built can change: a
        relation, choices that a function gives, a message in the language of the request.
        """
        own = type(self).__mro__[: type(self).__mro__.index(StrictModelSerializer)]
        if any(not _BUILDERS.isdisjoint(vars(one)) for one in own):
            return super().get_fields()
        options = [getattr(self.Meta, name, None) for name in _META]
        kept = _kept.get(type(self))
        if kept is None or kept[0] != options:
            fields = super().get_fields()
            if not all(_is_plain(one) for one in fields.values()) or _has_dynamic_choices(self.Meta.model):
                return fields
            _kept[type(self)] = kept = copy.deepcopy(options), fields
        return {name: _copied(field) for name, field in kept[1].items()}

    def build_standard_field(self, field_name: str, model_field: Any) -> tuple[type, dict[str, Any]]:
        """Return the field and its arguments; the checkbox of a form begins with the model's default."""
        field_class, arguments = super().build_standard_field(field_name, model_field)
        if field_class is StrictBooleanField and model_field.has_default():
            arguments["initial"] = model_field.default
        return field_class, arguments

    def get_validators(self) -> list[Any]:
        """Return the validators of the class; a model without sets of unique columns has none to be searched for."""
        model: Any = self.Meta.model
        if getattr(self.Meta, "validators", None) is None and not _has_unique_sets(model):
            return []
        return super().get_validators()

    def to_internal_value(self, data: Any) -> Any:
        """Return the validated values of the fields that were sent."""
        errors: dict[str, Any] = {}
        if isinstance(data, Mapping):
            unknown = [name for name in data if name not in self.fields]
            if html.is_html_input(data):
                nested = [field for field in self.fields.values() if isinstance(field, _NESTED)]
                unknown = [name for name in unknown if name not in FORM_FIELDS and not _is_read(name, nested)]
            errors = {name: ErrorDetail("Unknown field.", "unknown_field") for name in unknown}
        try:
            value = super().to_internal_value(data)
        except ValidationError as error:
            raise ValidationError(error.detail | errors) from error  # type: ignore[operator]
        if errors:
            raise ValidationError(errors)
        return value

    def update(self, instance: ModelT, validated_data: Any) -> ModelT:
        """Save the changes; a request without any, such as one of read-only fields, leaves ``updated_at`` as it is.

        An override that calls this method always saves, as it may have changed the instance itself.
        """
        is_unchanged = not validated_data and type(self).update is StrictModelSerializer.update
        return instance if is_unchanged else super().update(instance, validated_data)


def _is_read(name: str, nested: list[Any]) -> bool:
    return any(field.get_value(MultiValueDict({name: [""]})) is not serializers.empty for field in nested)


@cache
def _has_unique_sets(model: Any) -> bool:
    return any(
        one.unique_together
        or any(isinstance(constraint, models.UniqueConstraint) and constraint.fields for constraint in one.constraints)
        or any(field.unique_for_date or field.unique_for_month or field.unique_for_year for field in one.fields)
        for one in (parent._meta for parent in model.__mro__ if hasattr(parent, "_meta"))
    )


def _is_plain(field: Any) -> bool:
    # The messages of validators with a context, such as UniqueValidator, are translated when they are built.
    return type(field) in _FLAT and not any(getattr(one, "requires_context", False) for one in field.validators)


def _has_dynamic_choices(model: type[models.Model]) -> bool:
    return not all(isinstance(one.choices, list) for one in model._meta.concrete_fields if one.choices is not None)


def _copied(field: Any) -> Any:
    """Return a copy of a plain field, of which nothing is changed with the other."""
    copied = object.__new__(type(field))
    vars(copied).update(vars(field))
    copied.validators = [_untranslated(one) for one in field.validators]
    copied.error_messages = dict(field.error_messages)
    copied.style = dict(field.style)
    if isinstance(field, serializers.ChoiceField):
        copied.choices = field.grouped_choices
    return copied


def _untranslated(validator: Any) -> Any:
    """Return a validator whose message, which keeps the language of its first use, was not used yet."""
    message = getattr(validator, "message", None)
    if not isinstance(message, lazy_format):
        return validator
    copied = copy.copy(validator)
    copied.message = copy.copy(message)
    return copied
