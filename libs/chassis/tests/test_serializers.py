"""StrictModelSerializer: cached fields, forms and date-times."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from django.db import models
from django.db.models import DateTimeField
from django.http import QueryDict
from django.test.utils import isolate_apps
from django.utils import translation
from django.utils.timezone import override as override_timezone
from rest_framework import serializers
from rest_framework.validators import UniqueValidator

from chassis.rest.fields import StrictDateTimeField
from chassis.rest.serializers import StrictModelSerializer
from library.books.models import Book
from library.books.serializers import BookSerializer


class PlainSerializer(StrictModelSerializer[Book]):
    """Has only fields that can be cached, unlike the ISBN with its validator."""

    shelf = serializers.ChoiceField(choices=["upper"])

    class Meta:
        model = Book
        fields = ["id", "title", "contact", "pages", "shelf", "created_at"]


def test_plain_fields_are_built_once(monkeypatch):
    PlainSerializer().get_fields()
    monkeypatch.setattr(serializers.ModelSerializer, "build_field", lambda *args: 1 / 0)

    assert list(PlainSerializer().fields) == PlainSerializer.Meta.fields


@pytest.mark.parametrize("kind", [BookSerializer, PlainSerializer])
def test_change_of_a_field_affects_one_serializer(kind):
    changed = kind()
    changed.fields["title"].required = False

    assert kind().fields["title"].required


def test_change_of_a_fields_attributes_affects_one_serializer():
    fields = PlainSerializer().fields
    for field in fields.values():
        field.validators.append(print)
        field.error_messages["invalid"] = "changed"
        field.style["changed"] = True
    fields["shelf"].choices["x"] = "X"

    for name, field in PlainSerializer().fields.items():
        assert print not in field.validators, name
        assert field.error_messages.get("invalid") != "changed", name
        assert not field.style, name
    assert "x" not in PlainSerializer().fields["shelf"].choices


@pytest.mark.parametrize("kind", [BookSerializer, PlainSerializer])
def test_fields_are_those_that_rest_framework_builds(kind):
    built = serializers.ModelSerializer.get_fields(kind())

    assert repr(kind().get_fields()) == repr(built)
    for name, field in kind().get_fields().items():
        assert [type(one) for one in field.validators] == [type(one) for one in built[name].validators]
        assert vars(field).keys() == vars(built[name]).keys()
        assert type(field) is type(built[name])


def test_overridden_hook_is_called_for_each_serializer():
    class ShortTitleSerializer(PlainSerializer):
        def get_extra_kwargs(self):
            return super().get_extra_kwargs() | {"title": {"max_length": self.context["most"]}}

    for most in (3, 5):
        assert ShortTitleSerializer(context={"most": most}).fields["title"].max_length == most


class SharedSerializer(serializers.ModelSerializer):
    """A base class of serializers in other services, which a strict serializer has as its second base class."""

    def get_fields(self):
        fields = super().get_fields()
        if not self.context["is_staff"]:
            del fields["pages"]
        return fields

    def get_validators(self):
        return [*super().get_validators(), self.refuse_emma]

    def refuse_emma(self, attributes):
        if attributes["title"] == "Emma":
            raise serializers.ValidationError("no")

    def update(self, instance, validated_data):
        instance.title = instance.title[::-1]
        return super().update(instance, validated_data)


class StrictSharedSerializer(StrictModelSerializer[Book], SharedSerializer):
    class Meta:
        model = Book
        fields = ["title", "pages"]


def test_second_base_class_builds_fields_and_validators():
    for is_staff in (True, False, True):
        context = {"is_staff": is_staff}
        assert ("pages" in StrictSharedSerializer(context=context).fields) is is_staff
        serializer = StrictSharedSerializer(data={"title": "Emma"}, context=context)
        assert not serializer.is_valid()
        assert serializer.errors == {"non_field_errors": ["no"]}


def test_validators_that_an_override_adds_are_called():
    class UniqueTitleSerializer(StrictModelSerializer[Book]):
        class Meta:
            model = Book
            fields = ["title"]

        def get_unique_together_validators(self):
            return [*super().get_unique_together_validators(), print]

    assert UniqueTitleSerializer().validators == [print]


@pytest.mark.django_db
def test_update_of_a_second_base_class_is_called_without_changes(make_book):
    book = make_book(title="Emma")
    serializer = StrictSharedSerializer(book, data={"title": "x"}, context={"is_staff": True})
    serializer.is_valid(raise_exception=True)
    serializer.update(book, {})

    assert Book.objects.get().title == "ammE"


def test_callable_choices_are_evaluated_for_each_serializer(monkeypatch):
    shelves = [1]
    monkeypatch.setattr(Book._meta.get_field("shelf"), "choices", lambda: [(one, str(one)) for one in shelves])

    class ShelfSerializer(StrictModelSerializer[Book]):
        class Meta:
            model = Book
            fields = ["shelf"]

    before = list(ShelfSerializer().fields["shelf"].choices)
    shelves.append(2)

    assert before == [1]
    assert list(ShelfSerializer().fields["shelf"].choices) == [1, 2]


def test_datetimes_are_in_the_time_zone_of_the_request():
    book = Book(created_at=datetime(2026, 1, 31, 12, tzinfo=UTC))
    shown = []

    for zone in (timezone(timedelta(hours=1)), timezone(timedelta(hours=-2))):
        with override_timezone(zone):
            rows = PlainSerializer([book, book], many=True).data
        shown.append([row["created_at"] for row in rows])

    assert shown == [["2026-01-31T13:00:00+01:00"] * 2, ["2026-01-31T10:00:00-02:00"] * 2]


def test_messages_are_in_the_language_of_the_request():
    class IsbnSerializer(StrictModelSerializer[Book]):
        class Meta:
            model = Book
            fields = ["isbn"]

    def message():
        (unique,) = [one for one in IsbnSerializer().fields["isbn"].validators if isinstance(one, UniqueValidator)]
        return unique.message

    with translation.override("en"):
        english = message()
    with translation.override("de"):
        assert message() != english


def test_validation_errors_are_in_the_language_of_the_request():
    class StockSerializer(serializers.ModelSerializer):
        class Meta:
            model = Book
            fields = PlainSerializer.Meta.fields

    def errors(kind):
        serializer = kind(data={"title": "x" * 201, "pages": -1, "shelf": "upper"})
        assert not serializer.is_valid()
        return {name: [*map(str, serializer.errors[name])] for name in ("title", "pages")}

    for language in ("en", "de", "fr", "en"):
        with translation.override(language):
            assert errors(PlainSerializer) == errors(StockSerializer)


def test_changed_options_rebuild_the_fields():
    class ChangingSerializer(StrictModelSerializer[Book]):
        class Meta:
            model = Book
            fields = ["title"]

        def __init__(self, *args, fields=(), **kwargs):
            self.Meta.fields += fields
            super().__init__(*args, **kwargs)

    assert list(ChangingSerializer().fields) == ["title"]
    assert list(ChangingSerializer(fields=["isbn"]).fields) == ["title", "isbn"]


def test_nested_fields_are_not_shared_between_serializers():
    class ShelvesSerializer(StrictModelSerializer[Book]):
        shelves = serializers.ListField(child=serializers.CharField(), source="*")

        class Meta:
            model = Book
            fields = ["title", "shelves"]

    one, other = ShelvesSerializer().fields["shelves"], ShelvesSerializer().fields["shelves"]

    assert one.child is not other.child
    assert one.child.parent is one


class AddressSerializer(serializers.Serializer):
    street = serializers.CharField()


class NestedSerializer(StrictModelSerializer[Book]):
    """Has a field of each kind that reads several form fields."""

    title = serializers.CharField(required=False)
    address = AddressSerializer(required=False)
    items = AddressSerializer(many=True, required=False)
    nums = serializers.ListField(child=serializers.IntegerField(), required=False)
    labels = serializers.DictField(required=False)
    read = AddressSerializer(read_only=True)

    class Meta:
        model = Book
        fields = ["title", "address", "items", "nums", "labels", "read"]


@pytest.mark.parametrize("partial", [False, True])
@pytest.mark.parametrize(
    ("form", "values"),
    [
        ("address.street=High", {"address": {"street": "High"}}),
        ("items[0]street=High&items[1]street=Low", {"items": [{"street": "High"}, {"street": "Low"}]}),
        ("nums[0]=1&nums[1]=2", {"nums": [1, 2]}),
        ("nums=1&nums=2", {"nums": [1, 2]}),
        ("labels.a=1&labels.b=2", {"labels": {"a": "1", "b": "2"}}),
        ("title=Emma&read.street=High&csrfmiddlewaretoken=x", {"title": "Emma"}),
    ],
)
def test_nested_field_is_read_from_a_form(form, values, partial):
    serializer = NestedSerializer(data=QueryDict(form), partial=partial)

    assert serializer.is_valid(), serializer.errors
    given = {name: value for name, value in serializer.validated_data.items() if value}
    assert given == values


@pytest.mark.parametrize(
    "name",
    [
        *("adress.street", "address[0]", "address[0]street", "address.", "itemsstreet", "items.street"),
        *("nums.a", "nums[a]", "num[0]", "labels[0]", "title.x", "title[0]"),
    ],
)
@pytest.mark.parametrize("partial", [False, True])
def test_unknown_form_field_is_refused(name, partial):
    form = QueryDict(mutable=True)
    form.update({"title": "Emma", name: "1"})
    serializer = NestedSerializer(data=form, partial=partial)

    assert not serializer.is_valid()
    assert {field: error.code for field, [error] in serializer.errors.items()} == {name: "unknown_field"}


@pytest.mark.parametrize("name", ["address.street", "items[0]street", "nums[0]", "labels.a"])
def test_nested_form_field_is_an_unknown_field_in_json(name):
    serializer = NestedSerializer(data={"title": "Emma", name: 1})

    assert not serializer.is_valid()
    assert {field: error.code for field, [error] in serializer.errors.items()} == {name: "unknown_field"}


@pytest.mark.parametrize("data", [{"title": "Emma", "type": "books"}, QueryDict("title=Emma&type=books")])
def test_ignored_field_is_neither_refused_nor_read(data):
    class DocumentSerializer(StrictModelSerializer[Book]):
        class Meta:
            model = Book
            fields = ["title"]
            ignored_fields = ["type"]

    serializer = DocumentSerializer(data=data)

    assert serializer.is_valid(), serializer.errors
    assert serializer.validated_data == {"title": "Emma"}
    assert not DocumentSerializer(data={"title": "Emma", "kind": "books"}).is_valid()


def test_validators_of_the_serializer_are_called():
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
    ("value", "expected"),
    [
        (datetime(2026, 7, 1, 12, tzinfo=UTC), "2026-07-01T12:00:00Z"),
        (datetime(2026, 7, 1, 12, microsecond=30, tzinfo=UTC), "2026-07-01T12:00:00.000030Z"),
        (datetime(2026, 7, 1, 14, tzinfo=timezone(timedelta(hours=2))), "2026-07-01T12:00:00Z"),
    ],
)
def test_datetimes_are_in_utc(value, expected):
    assert BookSerializer(Book(created_at=value)).data["created_at"] == expected


class TimedSerializer(StrictModelSerializer[Book]):
    class Meta:
        model = Book
        fields = ["printed_at"]

    printed_at = StrictModelSerializer.serializer_field_mapping[DateTimeField]()


@pytest.mark.parametrize("text", ["2024-01-01T01:00:00.5+01:00", "2024-01-01t00:00:00.500000000z"])
def test_rfc_3339_datetime_is_accepted(text):
    serializer = TimedSerializer(data={"printed_at": text})

    assert serializer.is_valid(), serializer.errors
    assert serializer.validated_data == {"printed_at": datetime(2024, 1, 1, microsecond=500_000, tzinfo=UTC)}


@pytest.mark.parametrize(
    "value",
    [
        *("2024-W01-1", "1111111111111", "2024-01-01", "2024-01-01T00:00:00", "", " 2024-01-01T00:00:00Z"),
        1,
        1.5,
        True,
        [],
    ],
)
def test_other_datetime_formats_are_refused_in_json(value):
    serializer = TimedSerializer(data={"printed_at": value})

    assert not serializer.is_valid()
    assert serializer.errors["printed_at"][0].code == "invalid"


def test_datetime_of_a_form_has_no_offset():
    serializer = TimedSerializer(data=QueryDict("printed_at=2024-01-01T00:00"))

    assert serializer.is_valid(), serializer.errors
    assert serializer.validated_data == {"printed_at": datetime(2024, 1, 1, tzinfo=UTC)}


def test_given_formats_of_a_datetime_are_used():
    class DottedSerializer(StrictModelSerializer[Book]):
        class Meta:
            model = Book
            fields = ["created_at", "updated_at"]
            extra_kwargs = {
                "created_at": {"read_only": False, "input_formats": ["%d.%m.%Y %H:%M"]},
                "updated_at": {
                    "read_only": False,
                    "input_formats": ["%d.%m.%Y"],
                    "error_messages": {"invalid": "No date."},
                },
            }

    valid = DottedSerializer(data={"created_at": "31.01.2024 12:00", "updated_at": "01.02.2024"})
    invalid = DottedSerializer(data={"created_at": "2024-01-31T12:00:00Z", "updated_at": "x"})

    assert valid.is_valid(), valid.errors
    assert valid.validated_data["created_at"] == datetime(2024, 1, 31, 12, tzinfo=UTC)
    assert not invalid.is_valid()
    assert invalid.errors == {
        "created_at": ["Datetime has wrong format. Use one of these formats instead: DD.MM.YYYY hh:mm."],
        "updated_at": ["No date."],
    }


def test_datetime_of_a_parser_is_accepted():
    """A YAML parser converts timestamps, as REST framework's guide "Parsers" describes."""
    field = StrictDateTimeField()

    assert field.run_validation(datetime(2024, 1, 31, 12, tzinfo=UTC)) == datetime(2024, 1, 31, 12, tzinfo=UTC)
    assert field.run_validation(datetime(2024, 1, 31, 12)) == datetime(2024, 1, 31, 12, tzinfo=UTC)  # noqa: DTZ001
    with pytest.raises(serializers.ValidationError):
        field.run_validation(date(2024, 1, 31))


def test_formats_of_the_settings_are_used(settings):
    settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | {"DATETIME_INPUT_FORMATS": ["%d.%m.%Y"]}
    kind = type("DottedSerializer", (TimedSerializer,), {"printed_at": StrictDateTimeField()})

    valid = kind(data={"printed_at": "31.01.2024"})
    invalid = kind(data={"printed_at": "2024-01-31T12:00:00Z"})

    assert valid.is_valid(), valid.errors
    assert valid.validated_data["printed_at"] == datetime(2024, 1, 31, tzinfo=UTC)
    assert not invalid.is_valid()
    assert invalid.errors == {
        "printed_at": ["Datetime has wrong format. Use one of these formats instead: DD.MM.YYYY."]
    }


@pytest.mark.parametrize("is_text", [False, True])
def test_big_integers_are_text_in_both_directions_if_the_setting_says_so(settings, is_text):
    settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | {"COERCE_BIGINT_TO_STRING": is_text}
    book = Book(id=1, shelf=2**53 + 1)
    shown = BookSerializer(book).data
    sent = BookSerializer(book, data={"shelf": shown["shelf"]}, partial=True)

    assert shown["shelf"] == (str(book.shelf) if is_text else book.shelf)
    assert type(shown["id"]) is type(shown["shelf"])
    assert sent.is_valid(), sent.errors
    assert sent.validated_data == {"shelf": book.shelf}
    for value in ["1.0", " 1", "\u0661", "", str(2**63), "9" * 5000, True, 1.0, *([] if is_text else ["1"])]:
        assert not BookSerializer(book, data={"shelf": value}, partial=True).is_valid(), value


def test_big_integer_that_is_invalid_has_the_message_of_other_integers():
    serializer = BookSerializer(data={"shelf": "x", "pages": "x"}, partial=True)

    assert not serializer.is_valid()
    assert serializer.errors["shelf"] == serializer.errors["pages"] == ["A valid integer is required."]


@isolate_apps("library.books")
@pytest.mark.django_db
def test_instance_that_an_override_of_update_changes_is_saved(make_book):
    class ReversingSerializer(PlainSerializer):
        def update(self, instance, validated_data):
            validated_data.pop("title", None)
            instance.title = instance.title[::-1]
            return super().update(instance, validated_data)

    for data in ({"title": "x"}, {}):
        book = make_book(title="Emma")
        serializer = ReversingSerializer(book, data=data, partial=True)
        serializer.is_valid(raise_exception=True)
        serializer.save()

        assert Book.objects.get(pk=book.pk).title == "ammE"


def test_a_model_with_a_set_of_unique_columns_keeps_its_validator():
    class Shelf(models.Model):  # noqa: DJ008 - never shown
        room = models.CharField(max_length=10)
        number = models.IntegerField()

        class Meta:
            app_label = "books"
            constraints = [models.UniqueConstraint(fields=["room", "number"], name="shelf_unique")]

    class ShelfSerializer(StrictModelSerializer):
        class Meta:
            model = Shelf
            fields = ["room", "number"]

    assert [type(one).__name__ for one in ShelfSerializer().validators] == ["UniqueTogetherValidator"]


@isolate_apps("library.books")
def test_no_text_or_integer_field_converts_json_types():
    class Everything(models.Model):  # noqa: DJ008 - never shown
        text = models.TextField()
        slug = models.SlugField()
        number = models.IntegerField()
        small = models.SmallIntegerField()
        positive = models.PositiveSmallIntegerField()
        big = models.PositiveBigIntegerField()

        class Meta:
            app_label = "books"

    class EverythingSerializer(StrictModelSerializer):
        class Meta:
            model = Everything
            fields = ["text", "slug", "number", "small", "positive", "big"]

    serializer = EverythingSerializer(
        data=dict.fromkeys(["text", "slug"], 1) | {"number": "1", "small": 1.0, "positive": True, "big": "1"}
    )

    assert not serializer.is_valid()
    assert {name: error.code for name, (error,) in serializer.errors.items()} == dict.fromkeys(
        ["text", "slug", "number", "small", "positive", "big"], "invalid"
    )


@isolate_apps("library.books")
@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("a\0", "null_characters_not_allowed"),
        ({"a": [{"b": "\ud800"}]}, "surrogate_characters_not_allowed"),
        ({"\0": 1}, "null_characters_not_allowed"),
        ([[1, None, {"a": "\\u0000"}]], None),
    ],
)
def test_json_value_has_only_characters_that_can_be_stored(value, code):
    class Note(models.Model):  # noqa: DJ008 - never shown
        content = models.JSONField()

        class Meta:
            app_label = "books"

    class NoteSerializer(StrictModelSerializer[Note]):
        class Meta:
            model = Note
            fields = ["content"]

    serializer = NoteSerializer(data={"content": value})

    assert serializer.is_valid() == (code is None)
    assert [error.code for error in serializer.errors.get("content", [])] == ([code] if code else [])


def test_choices_keep_labels_and_groups(monkeypatch):
    monkeypatch.setattr(Book._meta.get_field("shelf"), "choices", [(1, "One"), ("More", [(2, "Two")])])

    class GroupedSerializer(StrictModelSerializer):
        class Meta:
            model = Book
            fields = ["shelf"]

    for _ in range(2):  # the second one is copied from the cache
        field = GroupedSerializer().fields["shelf"]
        assert field.grouped_choices == {1: "One", "More": {2: "Two"}}
        assert field.choices == {1: "One", 2: "Two"}
        assert field.run_validation(2) == 2
        with pytest.raises(serializers.ValidationError):
            field.run_validation("More")
