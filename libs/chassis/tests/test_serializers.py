"""Serializers share what they are built of, and nothing else."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from rest_framework import serializers

from chassis.rest.serializers import StrictModelSerializer
from library.books.models import Book
from library.books.serializers import BookSerializer


class NoteSerializer(serializers.Serializer):
    text = serializers.CharField()


class NotedBookSerializer(StrictModelSerializer[Book]):
    notes = NoteSerializer(many=True, write_only=True)
    tags = serializers.ListField(child=serializers.CharField(), write_only=True)

    class Meta:
        model = Book
        fields = ["id", "title", "notes", "tags"]


def test_fields_are_built_once(monkeypatch):
    NotedBookSerializer().fields  # noqa: B018 - builds them
    monkeypatch.setattr(NotedBookSerializer, "get_fields", None)

    assert list(NotedBookSerializer().fields) == ["id", "title", "notes", "tags"]


def test_each_field_knows_its_own_serializer():
    first, second = NotedBookSerializer(context={"number": 1}), NotedBookSerializer(context={"number": 2})

    for number, serializer in enumerate((first, second, first), 1):
        expected = 2 if number == 2 else 1
        assert serializer.fields["title"].context == {"number": expected}
        assert serializer.fields["tags"].child.context == {"number": expected}
        assert serializer.fields["notes"].child.fields["text"].context == {"number": expected}


def test_what_is_changed_about_a_field_is_changed_for_one_serializer():
    changed = NotedBookSerializer()
    changed.fields["title"].required = False

    assert NotedBookSerializer().fields["title"].required


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


@pytest.mark.parametrize("offset", [0, 2])
def test_instants_are_in_utc(offset):
    noon = datetime(2026, 7, 1, 12, tzinfo=timezone(timedelta(hours=offset)))

    shown = BookSerializer(Book(created_at=noon)).data["created_at"]

    assert (shown, shown.tzinfo) == (noon, UTC)
