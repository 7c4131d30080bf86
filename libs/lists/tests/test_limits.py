"""Limits of lists: time, concurrent searches, length and parameters of the query."""

import copy
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import psycopg2
import pytest
from django.core.cache import caches
from django.db import connection
from django.db.models import Func, TextField, Value
from django.utils.decorators import method_decorator
from django.views.decorators.cache import cache_page
from rest_framework.pagination import PageNumberPagination
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.test import APIClient

from library.books.models import Book
from library.books.views import BookViewSet
from lists import limits
from lists.limits import TrackedQuery


@pytest.fixture
def slow_lists(monkeypatch):
    """Make each row of a list take some seconds."""

    def slow(seconds):
        nap = Func(Value(seconds), function="pg_sleep", output_field=TextField())
        monkeypatch.setattr(BookViewSet, "queryset", Book.objects.annotate(nap=nap))

    return slow


def code(response):
    return response.json()["type"].removeprefix("urn:problem:")


@pytest.mark.django_db
def test_slow_list_is_refused_and_the_settings_are_reset(api, make_book, settings, slow_lists):
    settings.LIST_TIMEOUT = "50ms"
    make_book()
    slow_lists(0.2)

    refused = [api.get("/books"), api.get("/books?search=emma")]

    assert [(response.status_code, code(response)) for response in refused] == [(400, "list_too_expensive")] * 2
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(0.2), current_setting('enable_seqscan')")
        assert cursor.fetchone()[1] == "on"


@pytest.mark.django_db(transaction=True)
def test_list_of_a_locked_table_is_unavailable(api, make_book):
    """A migration may hold the lock for longer than ``LIST_TIMEOUT``, which is no fault of the query."""
    make_book()
    migration = psycopg2.connect(**connection.get_connection_params())
    with closing(migration), migration.cursor() as cursor:
        cursor.execute(f"LOCK TABLE {Book._meta.db_table} IN ACCESS EXCLUSIVE MODE")
        response = api.get("/books?search=emma")

    assert (response.status_code, code(response)) == (503, "database_unavailable")


def test_limits_have_defaults_in_other_projects():
    code = (
        "from django.conf import settings; settings.configure(); from lists import limits;"
        "assert limits.search_slots.acquire(timeout=0) and not limits.search_slots.acquire(timeout=0)"
    )

    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.django_db
def test_list_timeout_has_a_default(api, make_book, settings, slow_lists):
    del settings.LIST_TIMEOUT
    make_book()
    slow_lists(0.6)

    assert code(api.get("/books?search=emma")) == "list_too_expensive"


@pytest.mark.django_db
def test_settings_are_reset_after_a_search(api, make_book):
    make_book()

    assert api.get("/books?search=absent&page_size=1").status_code == 200

    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('statement_timeout'), current_setting('enable_bitmapscan')")
        assert cursor.fetchone() == ("0", "on")


@pytest.mark.django_db(transaction=True)
def test_searches_leave_threads_for_other_requests(make_book, slow_lists, monkeypatch, settings):
    settings.LIST_TIMEOUT = "10s"
    monkeypatch.setattr(limits, "search_slots", threading.BoundedSemaphore(1))
    make_book()
    slow_lists(0.2)

    def get(address):
        try:
            return APIClient().get(address)
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as pool:
        searches = [pool.submit(get, "/books?search=emma") for _ in range(2)]
        other = pool.submit(get, "/books")
        responses = [one.result() for one in searches]

    assert sorted(response.status_code for response in responses) == [200, 503]
    (busy,) = [response for response in responses if response.status_code == 503]
    assert (code(busy), busy["Retry-After"]) == ("searches_busy", "1")
    assert other.result().status_code == 200
    assert APIClient().get("/books?search=emma").status_code == 200


@pytest.mark.django_db
def test_query_over_4096_bytes_is_refused(api):
    assert api.get("/books?cursor=" + "x" * 4089).json()["errors"][0]["code"] == "invalid_cursor"
    response = api.get("/books?cursor=" + "x" * 4090)

    assert (response.status_code, code(response)) == (414, "query_too_long")


@pytest.mark.django_db
def test_parameter_read_by_the_view_is_known(api, make_book, monkeypatch):
    """The view filters by the query in ``get_queryset``, as in REST framework's guide "Filtering"."""

    def get_queryset(self):
        return Book.objects.filter(title=self.request.query_params.get("called", "Emma"))

    monkeypatch.setattr(BookViewSet, "get_queryset", get_queryset)
    make_book(title="Persuasion")

    assert [book["title"] for book in api.get("/books?called=Persuasion").json()["results"]] == ["Persuasion"]
    assert api.get("/books?named=Persuasion").json()["errors"][0] == {
        "field": "named",
        "code": "unknown_parameter",
        "message": "Unknown parameter.",
    }


class CountingViewSet(BookViewSet):
    def list(self, request, *args, **kwargs):
        response = super().list(request, *args, **kwargs)
        if "count" in request.query_params:
            return Response({"count": len(response.data["results"])})
        return response


class MarkingViewSet(BookViewSet):
    def finalize_response(self, request, response, *args, **kwargs):
        response["X-Mark"] = request.query_params.get("mark", "")
        return super().finalize_response(request, response, *args, **kwargs)


class MarkingLateViewSet(BookViewSet):
    def finalize_response(self, request, response, *args, **kwargs):
        response = super().finalize_response(request, response, *args, **kwargs)
        response["X-Mark"] = request.query_params.get("mark", "")
        return response


class JSONPRenderer(JSONRenderer):
    """As djangorestframework-jsonp, which REST framework's guide "Renderers" names."""

    format, media_type = "jsonp", "application/javascript"

    def render(self, data, accepted_media_type=None, renderer_context=None):
        callback = renderer_context["request"].query_params.get("callback", "callback")
        return callback.encode() + b"(" + super().render(data, accepted_media_type, renderer_context) + b");"


class JSONPViewSet(BookViewSet):
    renderer_classes = [JSONPRenderer]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("view", "parameter"),
    [
        (CountingViewSet, "count=1"),
        (MarkingViewSet, "mark=1"),
        (MarkingLateViewSet, "mark=1"),
        (JSONPViewSet, "callback=go"),
    ],
)
def test_parameter_read_after_the_list_is_known(rf, make_book, view, parameter):
    make_book()
    respond = view.as_view({"get": "list"})

    known = respond(rf.get(f"/books?{parameter}")).render()
    unknown = respond(rf.get(f"/books?{parameter}&x=1")).render()

    assert known.status_code == 200
    assert unknown.status_code == 400
    assert [error["field"] for error in unknown.data["errors"]] == ["x"]


@pytest.mark.django_db
def test_unknown_parameter_is_an_error_also_in_front_of_a_cache(rf, make_book):
    view = method_decorator(cache_page(60), name="list")(type("CachedViewSet", (BookViewSet,), {}))
    respond = view.as_view({"get": "list"})
    make_book()
    caches["default"].clear()

    assert [respond(rf.get("/books?x=1")).render().status_code for _ in range(2)] == [400, 400]
    assert [respond(rf.get("/books")).render().status_code for _ in range(2)] == [200, 200]


def test_unknown_parameter_of_a_page_is_an_error(api, db):
    page = api.get("/books?x=1", headers={"accept": "text/html"})

    assert page.status_code == 400
    assert "Unknown parameter." in page.content.decode()


@pytest.mark.django_db
def test_parameter_of_another_paginator_is_known(api, make_book, monkeypatch):
    monkeypatch.setattr(BookViewSet, "pagination_class", PageNumberPagination)
    make_book()

    assert api.get("/books?page=1&format=json").status_code == 200
    assert api.get("/books?cursor=x").json()["errors"][0]["field"] == "cursor"


@pytest.mark.django_db
def test_several_unknown_parameters_are_named(api):
    fields = [error["field"] for error in api.get("/books?b=1&a=2&title=x").json()["errors"]]

    assert fields == ["b", "a"]


def test_other_addresses_accept_any_parameter(api, make_book, db):
    assert api.get(f"/books/{make_book().pk}?x=1").status_code == 200


ONE_VALUE = [
    lambda query: query["a"],
    lambda query: query.get("a"),
    lambda query: "a" in query,
    lambda query: query.copy()["a"],
    lambda query: query.dict(),
    lambda query: list(query.items()),
]
ALL_VALUES = [
    lambda query: query.getlist("a"),
    lambda query: query.copy().getlist("a"),
    lambda query: list(query.lists()),
    lambda query: "a" in query.keys(),  # noqa: SIM118
    dict,
    lambda query: query.urlencode(),
    lambda query: query.copy().pop("a"),
    copy.copy,
]


@pytest.mark.parametrize("read", [*ONE_VALUE, *ALL_VALUES])
def test_every_access_counts_as_reading(read):
    query = TrackedQuery("a=1")
    assert query.errors()["a"].code == "unknown_parameter"

    read(query)

    assert query.errors() == {}


@pytest.mark.parametrize("read", ONE_VALUE)
def test_repeated_parameter_of_which_one_value_is_read_is_an_error(read):
    query = TrackedQuery("a=1&a=2")

    read(query)

    assert {name: error.code for name, error in query.errors().items()} == {"a": "repeated_parameter"}


@pytest.mark.parametrize("read", ALL_VALUES)
def test_repeated_parameter_can_be_read_as_a_list(read):
    query = TrackedQuery("a=1&a=2")

    read(query)

    assert query.errors() == {}


def test_copying_does_not_count_as_reading():
    query = TrackedQuery("a=1&a=2&b=2")

    query.copy()["a"]

    assert {name: error.code for name, error in query.errors().items()} == {
        "a": "repeated_parameter",
        "b": "unknown_parameter",
    }
