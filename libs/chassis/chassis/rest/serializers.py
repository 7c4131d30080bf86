"""Serializers that refuse what they do not know and change only what they were sent."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from functools import cache, cached_property
from typing import Any, TypeVar

from django.db import models, transaction
from rest_framework import exceptions, serializers
from rest_framework.utils import html
from rest_framework.utils.serializer_helpers import BindingDict

from chassis.rest.conditional import check_preconditions
from chassis.rest.fields import InstantField, StrictCharField, StrictEmailField, StrictIntegerField
from chassis.rest.locking import lock_row

ModelT = TypeVar("ModelT", bound=models.Model)
_FieldT = TypeVar("_FieldT", bound=serializers.Field[Any, Any, Any, Any])

# Django's hidden field, in every form of the browsable API.
FORM_FIELDS = {"csrfmiddlewaretoken"}


class StrictModelSerializer(serializers.ModelSerializer[ModelT]):
    """A ModelSerializer for a public API.

    An unknown field is an error, next to the errors of the other fields; a read-only one may be sent back, as it was
    read, and is ignored. JSON types are not converted. An update writes the fields that were sent to the row as it is
    now, under its lock, so that two clients who change different fields both succeed.
    """

    serializer_field_mapping = serializers.ModelSerializer.serializer_field_mapping | {
        models.CharField: StrictCharField,
        models.DateTimeField: InstantField,
        models.EmailField: StrictEmailField,
        models.BigIntegerField: StrictIntegerField,
        models.PositiveIntegerField: StrictIntegerField,
    }

    @cached_property
    def fields(self) -> BindingDict:
        """The fields by name; building them from what the model says is the work of the class's first use."""
        fields = BindingDict(self)
        for name, field in _bound_fields(type(self)).items():
            if isinstance(field, _CONTAINERS):
                fields[name] = deepcopy(field)
            else:
                fields.fields[name] = _twin(field, self)
        return fields

    def get_validators(self) -> list[Any]:
        """Return the rules over several fields, which are the class's."""
        return _validators(type(self))

    def create(self, validated_data: dict[str, Any]) -> ModelT:
        """Write a new row, all of whose values are columns, and return it."""
        model: type[ModelT] = self.Meta.model  # type: ignore[attr-defined] # every subclass has it
        row = model(**validated_data)
        row.save(force_insert=True)
        return row

    def to_representation(self, instance: ModelT) -> dict[str, Any]:
        """Return the values of the fields, which are attributes of ``instance``, with which JSON can be written."""
        return {
            name: None if (value := getattr(instance, name)) is None else represent(value)
            for name, represent in _representations(type(self))
        }

    def to_internal_value(self, data: Any) -> Any:
        """Return the validated values of the fields that were sent."""
        errors: dict[str, Any] = {}
        if isinstance(data, Mapping):
            ignored = FORM_FIELDS if html.is_html_input(data) else set()
            unknown = [name for name in data if name not in self.fields and name not in ignored]
            errors = {name: exceptions.ErrorDetail("Unknown field.", "unknown_field") for name in unknown}
        try:
            value = super().to_internal_value(data)
        except exceptions.ValidationError as error:
            raise exceptions.ValidationError(error.detail | errors) from error  # type: ignore[operator]
        if errors:
            raise exceptions.ValidationError(errors)
        return value

    def update(self, instance: ModelT, validated_data: dict[str, Any]) -> ModelT:
        """Write ``validated_data`` to the row of ``instance`` and return it.

        Raises:
            NotFound: the row was deleted since it was read.
            PreconditionFailed: it was changed, and the request is for the object as it was.
        """
        with transaction.atomic():
            row = lock_row(instance)
            if request := self.context.get("request"):
                check_preconditions(request, self.to_representation(row))
            self.check_change(row)
            for name, value in validated_data.items():
                setattr(row, name, value)
            row.save(update_fields=[*validated_data, "updated_at"])
        return row

    def check_change(self, row: ModelT) -> None:
        """Raise an ``APIException`` if ``row``, which is locked, may not be changed: a hook."""


# Fields that hold fields, each of which knows the one that it is in.
_CONTAINERS = (serializers.BaseSerializer, serializers.ListField, serializers.DictField)


@cache
def _bound_fields(serializer_class: type[StrictModelSerializer[Any]]) -> BindingDict:
    serializer = serializer_class()
    fields = BindingDict(serializer)
    for name, field in serializer.get_fields().items():
        fields[name] = field
    return fields


def _twin(field: _FieldT, parent: StrictModelSerializer[Any]) -> _FieldT:
    """Return a copy of a bound field, with another parent."""
    twin = object.__new__(type(field))
    twin.__dict__ = field.__dict__ | {"parent": parent}
    return twin


@cache
def _validators(serializer_class: type[StrictModelSerializer[Any]]) -> list[Any]:
    return super(StrictModelSerializer, serializer_class()).get_validators()


@cache
def _representations(
    serializer_class: type[StrictModelSerializer[Any]],
) -> list[tuple[str, Callable[[Any], Any]]]:
    fields = _bound_fields(serializer_class)
    return [(name, field.to_representation) for name, field in fields.items() if not field.write_only]
