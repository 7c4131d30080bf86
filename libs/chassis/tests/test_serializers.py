"""Serializers are REST framework's, and write instants as RFC 3339 has them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from rest_framework import serializers

from chassis.rest.serializers import StrictModelSerializer
from library.books.models import Book
from library.books.serializers import BookSerializer


def test_what_is_changed_about_a_field_is_changed_for_one_serializer():
    changed = BookSerializer()
    changed.fields["title"].required = False

    assert BookSerializer().fields["title"].required


def test_rules_over_several_fields_are_asked():
    def refuse(attributes):
        raise serializers.ValidationError("no")

    class RefusingSerializer(StrictModelSerializer[Book]):
        class Meta:
            model = Book
            fields = ["title"]
            validators = [refuse]

    for _ in range(2):
        serializer = RefusingSerializer(data={"title": "Emma"})
        assert not serializer.is_valid()
        assert serializer.errors == {"non_field_errors": ["no"]}


@pytest.mark.parametrize(
    ("instant", "expected"),
    [
        (datetime(2026, 7, 1, 12, tzinfo=UTC), "2026-07-01T12:00:00Z"),
        (datetime(2026, 7, 1, 12, microsecond=30, tzinfo=UTC), "2026-07-01T12:00:00.000030Z"),
        (datetime(2026, 7, 1, 14, tzinfo=timezone(timedelta(hours=2))), "2026-07-01T12:00:00Z"),
    ],
)
def test_instants_are_in_utc(instant, expected):
    assert BookSerializer(Book(created_at=instant)).data["created_at"] == expected
