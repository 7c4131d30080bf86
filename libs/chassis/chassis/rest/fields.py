"""Fields that take a JSON value of their own type and no other.

REST framework reads ``123`` as the text ``"123"`` and ``"1"`` as the number 1. That is right for an HTML form, which
has only text, and hides mistakes in JSON.
"""

from datetime import datetime, tzinfo
from typing import Any

from rest_framework import serializers
from rest_framework.fields import empty
from rest_framework.utils import html

from lists.instants import INVALID_INSTANT, parse_instant


def _came_as_form(field: serializers.Field[Any, Any, Any, Any]) -> bool:
    return bool(html.is_html_input(getattr(field.root, "initial_data", None)))


class StrictCharField(serializers.CharField):
    """Text; a number is refused."""

    def to_internal_value(self, data: Any) -> str:
        """Return the trimmed text."""
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class StrictEmailField(StrictCharField, serializers.EmailField):
    """An e-mail address, given as text."""


class StrictIntegerField(serializers.IntegerField):
    """A whole number; ``"1"``, ``1.0`` and ``true`` are refused unless an HTML form sent them."""

    def to_internal_value(self, data: Any) -> int:
        """Return the number."""
        if type(data) is not int and not _came_as_form(self):
            self.fail("invalid")
        return super().to_internal_value(data)


class StrictBooleanField(serializers.BooleanField):
    """``true`` or ``false``; text and numbers are refused unless an HTML form sent them.

    The checkbox of a form sends ``false``, too, so that a form without the field leaves the value alone.
    """

    default_empty_html = empty

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.style.setdefault("base_template", "explicit_checkbox.html")

    def to_internal_value(self, data: Any) -> bool:
        """Return the value."""
        if not isinstance(data, bool) and not _came_as_form(self):
            self.fail("invalid", input=data)
        return super().to_internal_value(data)


class StrictDateTimeField(serializers.DateTimeField):
    """A date-time of RFC 3339; an HTML form may send others, as its inputs have no offset."""

    default_error_messages = {"invalid": INVALID_INSTANT}

    def default_timezone(self) -> tzinfo | None:
        """Return the current time zone, which is looked up once for all rows that a serializer shows."""
        if zone := super().default_timezone():
            self.timezone = zone
        return zone

    def to_internal_value(self, value: Any) -> datetime:
        """Return the instant."""
        if _came_as_form(self):
            return super().to_internal_value(value)
        try:
            return self.enforce_timezone(parse_instant(value))
        except ValueError:
            self.fail("invalid")
