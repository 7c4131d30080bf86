"""Serializers that refuse what they do not know."""

from collections.abc import Mapping
from typing import Any, TypeVar

from django.db import models
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.utils import html

from chassis.rest.fields import StrictCharField, StrictDateTimeField, StrictEmailField, StrictIntegerField

ModelT = TypeVar("ModelT", bound=models.Model)

# Django's hidden field, in every form of the browsable API.
FORM_FIELDS = {"csrfmiddlewaretoken"}


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
