"""A query without a filter passes by django-filter's form only where the FilterSet would leave every row."""

import django_filters
import pytest
from django import forms

from chassis.rest.filters import StrictFilterBackend, StrictFilterSet
from users.filters import UserFilter
from users.models import User
from users.views import UserViewSet

pytestmark = pytest.mark.django_db


class OnlyAda(UserFilter):
    @property
    def qs(self):
        return super().qs.filter(name="Ada")


class OnlyAdaToo(UserFilter):
    def filter_queryset(self, queryset):
        return super().filter_queryset(queryset).filter(name="Ada")


class AdaByDefault(StrictFilterSet):
    """django-filter's tip "Using initial values as defaults"."""

    name = django_filters.CharFilter()

    class Meta:
        model = User
        fields = ["name"]

    def __init__(self, data=None, *args, **kwargs):
        super().__init__({"name": "Ada"} | data.dict(), *args, **kwargs)


class AdaWithoutValue(django_filters.CharFilter):
    def filter(self, queryset, value):
        return super().filter(queryset, value or "Ada")


class OwnFilter(StrictFilterSet):
    name = AdaWithoutValue()


class AdaWidget(forms.TextInput):
    def value_from_datadict(self, data, files, name):
        return "Ada"


class OwnWidget(StrictFilterSet):
    name = django_filters.CharFilter(widget=AdaWidget)


class AdaForm(forms.Form):
    def clean(self):
        return {**super().clean(), "name": "Ada"}


class OwnForm(StrictFilterSet):
    name = django_filters.CharFilter()

    class Meta:
        model = User
        fields = ["name"]
        form = AdaForm


class Required(StrictFilterSet):
    name = django_filters.CharFilter(required=True)


@pytest.mark.parametrize(
    "filterset",
    [OnlyAda, OnlyAdaToo, AdaByDefault, OwnFilter, OwnWidget, OwnForm],
    ids=lambda one: one.__name__,
)
def test_filterset_that_does_more_than_to_read_the_query_is_asked(api, make_user, monkeypatch, filterset):
    ada, eve = make_user(name="Ada"), make_user(name="Eve")
    monkeypatch.setattr(UserViewSet, "filterset_class", filterset)

    for address in ["/users", "/users?page_size=5"]:
        assert [user["id"] for user in api.get(address).json()["results"]] == [ada.pk]
    assert [api.get(f"/users/{user.pk}").status_code for user in (ada, eve)] == [200, 404]


def test_backend_that_adds_to_the_query_is_asked(api, make_user, monkeypatch):
    class AdasBackend(StrictFilterBackend):
        def get_filterset_kwargs(self, request, queryset, view):
            return super().get_filterset_kwargs(request, queryset, view) | {
                "data": {"email": "ada@example.com"}
            }

    ada, eve = make_user(email="ada@example.com"), make_user()
    monkeypatch.setattr(UserViewSet, "filter_backends", [AdasBackend])

    assert [api.get(f"/users/{user.pk}").status_code for user in (ada, eve)] == [200, 404]


def test_filter_that_is_required_is_missed(api, monkeypatch):
    monkeypatch.setattr(UserViewSet, "filterset_class", Required)

    assert api.get("/users").json()["errors"][0]["code"] == "required"


def test_other_filterset_makes_no_form_without_a_filter(api, make_user, monkeypatch):
    user = make_user(name="Ada")
    monkeypatch.setattr(forms.Form, "__init__", lambda *args, **kwargs: pytest.fail("made a form"))

    for address in ["/users", "/users?page_size=5&ordering=-id", f"/users/{user.pk}"]:
        assert api.get(address).status_code == 200


def test_filters_apply_to_single_objects(api, make_user):
    user = make_user(name="Ada", email="ada@example.com")

    assert api.get(f"/users/{user.pk}?email=ada@example.com").status_code == 200
    assert api.get(f"/users/{user.pk}?email=eve@example.com").status_code == 404
