"""Serializers share what they are built of, and nothing else."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from rest_framework import serializers

from chassis.rest.serializers import StrictModelSerializer
from users.models import User
from users.serializers import UserSerializer


class NoteSerializer(serializers.Serializer):
    text = serializers.CharField()


class NotedUserSerializer(StrictModelSerializer[User]):
    notes = NoteSerializer(many=True, write_only=True)
    tags = serializers.ListField(child=serializers.CharField(), write_only=True)

    class Meta:
        model = User
        fields = ["id", "name", "notes", "tags"]


def test_fields_are_built_once(monkeypatch):
    NotedUserSerializer().fields  # noqa: B018 - builds them
    monkeypatch.setattr(NotedUserSerializer, "get_fields", None)

    assert list(NotedUserSerializer().fields) == ["id", "name", "notes", "tags"]


def test_each_field_knows_its_own_serializer():
    first, second = NotedUserSerializer(context={"number": 1}), NotedUserSerializer(context={"number": 2})

    for number, serializer in enumerate((first, second, first), 1):
        expected = 2 if number == 2 else 1
        assert serializer.fields["name"].context == {"number": expected}
        assert serializer.fields["tags"].child.context == {"number": expected}
        assert serializer.fields["notes"].child.fields["text"].context == {"number": expected}


def test_what_is_changed_about_a_field_is_changed_for_one_serializer():
    changed = NotedUserSerializer()
    changed.fields["name"].required = False

    assert NotedUserSerializer().fields["name"].required


def test_rules_over_several_fields_are_asked():
    def refuse(attributes):
        raise serializers.ValidationError("no")

    class RefusingSerializer(StrictModelSerializer[User]):
        class Meta:
            model = User
            fields = ["name"]
            validators = [refuse]

    for _ in range(2):
        serializer = RefusingSerializer(data={"name": "John"})
        assert not serializer.is_valid()
        assert serializer.errors == {"non_field_errors": ["no"]}


@pytest.mark.parametrize("offset", [0, 2])
def test_instants_are_in_utc(offset):
    noon = datetime(2026, 7, 1, 12, tzinfo=timezone(timedelta(hours=offset)))

    shown = UserSerializer(User(created_at=noon)).data["created_at"]

    assert (shown, shown.tzinfo) == (noon, UTC)
