"""Serializer fields that accept only JSON values of their own type.

REST framework converts ``123`` to the text ``"123"`` and ``"1"`` to the number 1. That suits HTML forms, which send
only text, but hides mistakes in JSON.
"""

import re
from datetime import datetime, tzinfo
from typing import Any

from django.core.validators import ProhibitNullCharactersValidator
from rest_framework import ISO_8601, serializers
from rest_framework.fields import empty
from rest_framework.settings import api_settings
from rest_framework.utils import html
from rest_framework.validators import ProhibitSurrogateCharactersValidator

from lists.datetimes import INVALID_DATETIME, parse_utc_datetime

_CHARACTER_VALIDATORS = (ProhibitNullCharactersValidator(), ProhibitSurrogateCharactersValidator())


def _is_form_data(field: serializers.Field[Any, Any, Any, Any]) -> bool:
    return bool(html.is_html_input(getattr(field.root, "initial_data", None)))


class StrictCharField(serializers.CharField):
    """A string; other JSON types are refused."""

    def to_internal_value(self, data: Any) -> str:
        """Return the trimmed text."""
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class StrictEmailField(StrictCharField, serializers.EmailField):
    """An e-mail address; other JSON types are refused."""


class StrictSlugField(StrictCharField, serializers.SlugField):
    """A slug; other JSON types are refused."""


class StrictIntegerField(serializers.IntegerField):
    """An integer; ``"1"``, ``1.0`` and ``true`` are refused unless an HTML form sent them."""

    def to_internal_value(self, data: Any) -> int:
        """Return the number."""
        if type(data) is not int and not _is_form_data(self):
            self.fail("invalid")
        return super().to_internal_value(data)


class StrictBigIntegerField(StrictIntegerField, serializers.BigIntegerField):
    """An integer that ``COERCE_BIGINT_TO_STRING`` sends as text; its text is accepted then, too."""

    default_error_messages = serializers.IntegerField.default_error_messages

    def to_internal_value(self, data: Any) -> int:
        """Return the number."""
        is_text = getattr(self, "coerce_to_string", api_settings.COERCE_BIGINT_TO_STRING)
        if is_text and isinstance(data, str) and re.fullmatch("-?[0-9]{1,19}", data):
            data = int(data)
        return super().to_internal_value(data)


class StrictBooleanField(serializers.BooleanField):
    """``true`` or ``false``; text and numbers are refused unless an HTML form sent them.

    A checkbox sends ``false``, too, so that a form without the field does not change the value. Its template is
    ``explicit_checkbox.html``, which a template pack of your own needs, too.
    """

    default_empty_html = empty

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.style.setdefault("base_template", "explicit_checkbox.html")

    def to_internal_value(self, data: Any) -> bool:
        """Return the value."""
        if not isinstance(data, bool) and not _is_form_data(self):
            self.fail("invalid", input=data)
        return super().to_internal_value(data)


class StrictJSONField(serializers.JSONField):
    """Any JSON value, without the characters that PostgreSQL cannot store in one."""

    def to_internal_value(self, data: Any) -> Any:
        """Return the value."""
        value = super().to_internal_value(data)
        parts: list[Any] = [value]
        while parts:
            part = parts.pop()
            if isinstance(part, str):
                for validate in _CHARACTER_VALIDATORS:
                    validate(part)
            elif isinstance(part, dict):
                parts += [*part, *part.values()]
            elif isinstance(part, list):
                parts += part
        return value


class StrictDateTimeField(serializers.DateTimeField):
    """An RFC 3339 date-time. HTML forms may send other formats, as their inputs have no UTC offset.

    Parsers of formats with a date-time type, such as YAML, may pass a ``datetime``.
    ``input_formats``, or ``DATETIME_INPUT_FORMATS`` of REST framework's settings, are used instead if they are given.
    """

    default_error_messages = {"invalid": INVALID_DATETIME}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self._has_formats() and self.error_messages["invalid"] == INVALID_DATETIME:
            self.error_messages["invalid"] = serializers.DateTimeField.default_error_messages["invalid"]

    def default_timezone(self) -> tzinfo | None:
        """Return the current time zone, cached for all rows of a serializer."""
        if zone := super().default_timezone():
            self.timezone = zone
        return zone

    def to_internal_value(self, value: Any) -> datetime:
        """Return the datetime."""
        if isinstance(value, datetime) or _is_form_data(self) or self._has_formats():
            return super().to_internal_value(value)
        try:
            return self.enforce_timezone(parse_utc_datetime(value))
        except ValueError:
            self.fail("invalid")

    def _has_formats(self) -> bool:
        return hasattr(self, "input_formats") or [*api_settings.DATETIME_INPUT_FORMATS] != [ISO_8601]
