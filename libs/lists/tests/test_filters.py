"""Queries without a filter skip django-filter's form, unless the FilterSet or backend has effects of its own."""

import django_filters
import pytest
from django import forms
from rest_framework.request import Request

from library.books.filters import BookFilter
from library.books.models import Book
from library.books.views import BookViewSet
from lists.filters import BooleanFilter, StrictFilterBackend, StrictFilterSet
from lists.ordering import StrictOrderingFilter

pytestmark = pytest.mark.django_db


class OnlyEmma(BookFilter):
    @property
    def qs(self):
        return super().qs.filter(title="Emma")


class OnlyEmmaToo(BookFilter):
    def filter_queryset(self, queryset):
        return super().filter_queryset(queryset).filter(title="Emma")


class EmmaByDefault(StrictFilterSet):
    """django-filter's tip "Using initial values as defaults"."""

    title = django_filters.CharFilter()

    class Meta:
        model = Book
        fields = ["title"]

    def __init__(self, data=None, *args, **kwargs):
        super().__init__({"title": "Emma"} | data.dict(), *args, **kwargs)


class EmmaWithoutValue(django_filters.CharFilter):
    def filter(self, queryset, value):
        return super().filter(queryset, value or "Emma")


class OwnFilter(StrictFilterSet):
    title = EmmaWithoutValue()


class EmmaWidget(forms.TextInput):
    def value_from_datadict(self, data, files, name):
        return "Emma"


class OwnWidget(StrictFilterSet):
    title = django_filters.CharFilter(widget=EmmaWidget)


class OwnEmptyValue(StrictFilterSet):
    title = django_filters.CharFilter(empty_value="Emma")


class EmmaForm(forms.Form):
    def clean(self):
        return {**super().clean(), "title": "Emma"}


class OwnForm(StrictFilterSet):
    title = django_filters.CharFilter()

    class Meta:
        model = Book
        fields = ["title"]
        form = EmmaForm


class Required(StrictFilterSet):
    title = django_filters.CharFilter(required=True)


@pytest.mark.parametrize(
    "filterset",
    [OnlyEmma, OnlyEmmaToo, EmmaByDefault, OwnFilter, OwnWidget, OwnEmptyValue, OwnForm],
    ids=lambda one: one.__name__,
)
def test_filterset_with_effects_of_its_own_is_applied(api, make_book, monkeypatch, filterset):
    emma, other = make_book(title="Emma"), make_book(title="Persuasion")
    monkeypatch.setattr(BookViewSet, "filterset_class", filterset)

    for address in ["/books", "/books?page_size=5"]:
        assert [book["id"] for book in api.get(address).json()["results"]] == [emma.pk]
    assert [api.get(f"/books/{book.pk}").status_code for book in (emma, other)] == [200, 404]


def test_backend_that_changes_the_query_is_applied(api, make_book, monkeypatch):
    class EmmasBackend(StrictFilterBackend):
        def get_filterset_kwargs(self, request, queryset, view):
            return super().get_filterset_kwargs(request, queryset, view) | {"data": {"title": "Emma"}}

    emma, other = make_book(title="Emma"), make_book(title="Persuasion")
    monkeypatch.setattr(BookViewSet, "filter_backends", [EmmasBackend])

    assert [api.get(f"/books/{book.pk}").status_code for book in (emma, other)] == [200, 404]


def test_backend_filters_outside_of_a_request_cycle(rf, make_book):
    """A request without content negotiation, as in a command that exports a list."""
    emma, _ = make_book(title="Emma"), make_book(title="Persuasion")
    view = BookViewSet(request=Request(rf.get("/books?title=Emma")), action="list")

    assert list(view.filter_queryset(view.get_queryset())) == [emma]


def test_missing_required_filter_is_an_error(api, monkeypatch):
    monkeypatch.setattr(BookViewSet, "filterset_class", Required)

    assert api.get("/books").json()["errors"][0]["code"] == "required"


def test_plain_filterset_makes_no_form_without_a_filter(api, make_book, monkeypatch):
    book = make_book(title="Emma")
    monkeypatch.setattr(forms.Form, "__init__", lambda *args, **kwargs: pytest.fail("made a form"))

    for address in ["/books", "/books?page_size=5&ordering=-id", f"/books/{book.pk}"]:
        assert api.get(address).status_code == 200


class Nameless(StrictFilterSet):
    is_nameless = BooleanFilter(field_name="title", lookup_expr="isnull")

    class Meta:
        model = Book
        fields = []


@pytest.mark.parametrize(("text", "titles"), [("true", []), ("false", ["Emma"]), ("", ["Emma"]), (None, ["Emma"])])
def test_boolean_filter(make_book, text, titles):
    make_book(title="Emma")

    filterset = Nameless({} if text is None else {"is_nameless": text}, Book.objects.all())

    assert [book.title for book in filterset.qs] == titles


@pytest.mark.parametrize("text", ["1", "True", "null", "unknown", "\0"])
def test_boolean_filter_refuses_other_values(text):
    filterset = Nameless({"is_nameless": text}, Book.objects.all())

    assert filterset.errors == {"is_nameless": ["Must be true or false."]}


def test_orderings_are_described():
    (parameter,) = StrictOrderingFilter().get_schema_operation_parameters(BookViewSet())

    assert {"id", "-id"} <= {*parameter["schema"]["enum"]}
