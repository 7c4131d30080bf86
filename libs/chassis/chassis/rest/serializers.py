"""Model serializers with strict input."""

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
    StrictBigIntegerField,
    StrictBooleanField,
    StrictCharField,
    StrictDateTimeField,
    StrictEmailField,
    StrictIntegerField,
    StrictJSONField,
    StrictSlugField,
)

ModelT = TypeVar("ModelT", bound=models.Model)

# The hidden CSRF field of forms in the browsable API.
FORM_FIELDS = {"csrfmiddlewaretoken"}

# Conditions for caching built fields (docs/adr/0025): methods that a subclass must not override, options that must not
# change, and field classes that can be copied.
_BUILDERS = {name for name, value in vars(serializers.ModelSerializer).items() if callable(value)} - {
    "create",
    "get_fields",
    "update",
}
_META = ("model", "fields", "exclude", "read_only_fields", "extra_kwargs", "depth")
_COPYABLE = (
    *(serializers.BigIntegerField, serializers.BooleanField, serializers.CharField, serializers.ChoiceField),
    *(serializers.DateTimeField, serializers.IntegerField),
    *(StrictBigIntegerField, StrictBooleanField, StrictCharField, StrictDateTimeField, StrictEmailField),
    StrictIntegerField,
)
# Fields that read several form fields, such as ``address.street`` and ``items[0]name``.
_NESTED = (serializers.BaseSerializer, serializers.ListField, serializers.DictField)
_field_cache: WeakKeyDictionary[type, tuple[list[Any], dict[str, Any]]] = WeakKeyDictionary()


class StrictModelSerializer(serializers.ModelSerializer[ModelT]):
    """A ModelSerializer for a public API.

    Unknown fields are errors, reported together with other errors. Read-only fields are ignored, so that clients can
    send back an object that they read, and so are those of ``Meta.ignored_fields``, such as the ``type`` of JSON:API.
    The JSON types of texts, integers, booleans and datetimes are not converted.
    """

    serializer_field_mapping = serializers.ModelSerializer.serializer_field_mapping | {  # type: ignore[misc] # fromkeys
        **dict.fromkeys([models.CharField, models.TextField], StrictCharField),
        models.EmailField: StrictEmailField,
        models.SlugField: StrictSlugField,
        models.BooleanField: StrictBooleanField,
        **dict.fromkeys([models.IntegerField, models.SmallIntegerField], StrictIntegerField),
        **dict.fromkeys([models.PositiveIntegerField, models.PositiveSmallIntegerField], StrictIntegerField),
        models.BigIntegerField: StrictBigIntegerField,
        models.DateTimeField: StrictDateTimeField,
        models.JSONField: StrictJSONField,
    }

    def get_fields(self) -> dict[str, Any]:
        """Return the fields, copied from a cache if it is safe to build them once per class.

        It is not safe if another class builds fields, or for a relation, callable choices, or a message in the language
        of the request.
        """
        if not _is_built_as_usual(type(self)):
            return super().get_fields()
        options = [getattr(self.Meta, name, None) for name in _META]
        cached = _field_cache.get(type(self))
        if cached is None or cached[0] != options:
            fields = super().get_fields()
            if not all(_is_plain(one) for one in fields.values()) or _has_dynamic_choices(self.Meta.model):
                return fields
            _field_cache[type(self)] = cached = copy.deepcopy(options), fields
        return {name: _copy_field(field) for name, field in cached[1].items()}

    def build_standard_field(self, field_name: str, model_field: Any) -> tuple[type, dict[str, Any]]:
        """Return the field and its arguments; the initial value of a checkbox is the model's default."""
        field_class, arguments = super().build_standard_field(field_name, model_field)
        if field_class is StrictBooleanField and model_field.has_default():
            arguments["initial"] = model_field.default
        return field_class, arguments

    def get_validators(self) -> list[Any]:
        """Return the validators of the class, without a search for them if the model has no unique sets of columns."""
        model: Any = self.Meta.model
        has_own = getattr(self.Meta, "validators", None) is not None or not _is_built_as_usual(type(self))
        return super().get_validators() if has_own or _has_unique_sets(model) else []

    def to_internal_value(self, data: Any) -> Any:
        """Return the validated values of the fields that were sent."""
        errors: dict[str, Any] = {}
        if isinstance(data, Mapping):
            known = {*self.fields, *getattr(self.Meta, "ignored_fields", ())}
            unknown = [name for name in data if name not in known]
            if html.is_html_input(data):
                nested = [field for field in self.fields.values() if isinstance(field, _NESTED)]
                unknown = [name for name in unknown if name not in FORM_FIELDS and not _is_read(name, nested)]
            errors = {name: [ErrorDetail("Unknown field.", "unknown_field")] for name in unknown}
        try:
            value = super().to_internal_value(data)
        except ValidationError as error:
            raise ValidationError(error.detail | errors) from error  # type: ignore[operator]
        if errors:
            raise ValidationError(errors)
        return value

    def update(self, instance: ModelT, validated_data: Any) -> ModelT:
        """Save the changes. Without any, as for read-only fields, ``updated_at`` stays the same.

        If another class overrides this method, the instance is always saved, because the override may have changed it.
        """
        definers = [one for one in type(self).__mro__ if "update" in vars(one)]
        is_unchanged = not validated_data and definers[:2] == [StrictModelSerializer, serializers.ModelSerializer]
        return instance if is_unchanged else super().update(instance, validated_data)


def _is_built_as_usual(kind: type) -> bool:
    """Return whether no other class than StrictModelSerializer and ModelSerializer builds fields and validators."""
    place = kind.__mro__.index(StrictModelSerializer)
    own, base = kind.__mro__[:place], kind.__mro__[place + 1]
    return base is serializers.ModelSerializer and all(_BUILDERS.isdisjoint(vars(one)) for one in own)


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
    return type(field) in _COPYABLE and not any(getattr(one, "requires_context", False) for one in field.validators)


def _has_dynamic_choices(model: type[models.Model]) -> bool:
    return not all(isinstance(one.choices, list) for one in model._meta.concrete_fields if one.choices is not None)


def _copy_field(field: Any) -> Any:
    """Return an independent copy of a plain field."""
    copied = object.__new__(type(field))
    vars(copied).update(vars(field))
    copied.validators = [_untranslated(one) for one in field.validators]
    copied.error_messages = dict(field.error_messages)
    copied.style = dict(field.style)
    if isinstance(field, serializers.ChoiceField):
        copied.choices = field.grouped_choices.items()
    return copied


def _untranslated(validator: Any) -> Any:
    """Return a copy of ``validator`` if its message is lazy: it caches its text in the language of the first use."""
    message = getattr(validator, "message", None)
    if not isinstance(message, lazy_format):
        return validator
    copied = object.__new__(type(validator))
    fresh = lazy_format(message.format_string, *message.args, **message.kwargs)  # type: ignore[arg-type] # not used yet
    vars(copied).update(vars(validator), message=fresh)
    return copied
