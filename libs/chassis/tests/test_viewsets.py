"""ResourceViewSet: create, retrieve, update and delete."""

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext
from django.urls import path
from rest_framework.authentication import BaseAuthentication
from rest_framework.decorators import action
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.routers import DefaultRouter
from rest_framework.serializers import CharField, Serializer
from rest_framework.urlpatterns import format_suffix_patterns

from library.books.models import Book
from library.books.views import BookViewSet

pytestmark = pytest.mark.django_db

EMMA = {"title": "Emma", "isbn": "9780141439587"}


@pytest.mark.parametrize("slash", ["", "/"])
def test_created_object_is_returned_and_found_at_its_location(api, slash):
    created = api.post(f"/books{slash}", EMMA, format="json")

    assert created.status_code == 201
    assert created.json().items() >= EMMA.items()
    assert created["Location"] == f"http://testserver/books/{created.json()['id']}"
    found = api.get(created["Location"] + slash)
    assert (found.status_code, found.json()) == (200, created.json())


def test_patch_changes_only_the_fields_sent(api, make_book):
    book = make_book(isbn="1")

    patched = api.patch(f"/books/{book.id}", {"title": "Persuasion"}, format="json")

    assert patched.status_code == 200
    book.refresh_from_db()
    assert (book.title, book.isbn) == ("Persuasion", "1")
    assert book.updated_at > book.created_at


def test_put_needs_every_required_field(api, make_book):
    book = make_book()

    incomplete = api.put(f"/books/{book.id}", {"title": "Persuasion"}, format="json")
    replaced = api.put(f"/books/{book.id}", {"title": "Persuasion", "isbn": "2"}, format="json")

    assert incomplete.status_code == 400
    assert incomplete.json()["errors"] == [{"field": "isbn", "code": "required", "message": "This field is required."}]
    assert (replaced.status_code, replaced.json()["title"]) == (200, "Persuasion")


def test_representation_can_be_put_back(api, make_book):
    book = make_book()
    read = api.get(f"/books/{book.id}").json()

    put_back = api.put(f"/books/{book.id}", read, format="json")

    assert put_back.status_code == 200
    assert put_back.json()["created_at"] == read["created_at"]


def test_deleted_object_is_gone(api, make_book):
    book = make_book()

    deleted = api.delete(f"/books/{book.id}")

    assert (deleted.status_code, deleted.content) == (204, b"")
    assert api.get(f"/books/{book.id}").status_code == 404
    assert api.delete(f"/books/{book.id}").status_code == 404


@pytest.mark.parametrize("method", ["patch", "delete"])
def test_change_of_a_row_deleted_since_it_was_read_is_not_found(api, make_book, monkeypatch, method):
    book = make_book()
    read = Book.objects.get(id=book.id)
    book.delete()
    monkeypatch.setattr(BookViewSet, "get_object", lambda view: read)

    response = getattr(api, method)(f"/books/{read.id}", {"title": "Persuasion"}, format="json")

    assert response.status_code == 404
    assert not Book.objects.exists()


def test_concurrent_changes_of_different_fields_are_both_saved(api, make_book, monkeypatch):
    book = make_book()
    readings = [Book.objects.get(id=book.id) for _ in range(2)]
    monkeypatch.setattr(BookViewSet, "get_object", lambda view: readings.pop())

    for change in [{"title": "Persuasion"}, {"isbn": "2"}]:
        api.patch(f"/books/{book.id}", change, format="json")

    book.refresh_from_db()
    assert (book.title, book.isbn) == ("Persuasion", "2")


def test_object_outside_the_queryset_is_not_found(api, make_book, monkeypatch):
    hidden, offered = make_book(), make_book()
    monkeypatch.setattr(BookViewSet, "queryset", Book.objects.exclude(pk=hidden.pk))

    assert api.get(f"/books/{hidden.pk}").status_code == 404
    assert api.get(f"/books/{offered.pk}").status_code == 200


def test_get_queryset_is_called_for_each_request(api, make_book, monkeypatch):
    hidden, offered = make_book(), make_book()
    monkeypatch.setattr(BookViewSet, "get_queryset", lambda view: Book.objects.exclude(pk=hidden.pk))

    assert api.get(f"/books/{hidden.pk}").status_code == 404
    assert api.get(f"/books/{offered.pk}").status_code == 200


def test_object_excluded_by_a_filter_is_not_found(api, make_book):
    book = make_book(title="Emma")

    assert api.get(f"/books/{book.id}?title=Persuasion").status_code == 404
    assert api.get(f"/books/{book.id}?title=Emma").status_code == 200


def test_authentication_classes_of_the_view_are_used(api, monkeypatch):
    class RefuseAll(BaseAuthentication):
        def authenticate(self, request):
            raise AuthenticationFailed

    assert api.get("/books").status_code == 200

    monkeypatch.setattr(BookViewSet, "authentication_classes", [RefuseAll])

    assert api.get("/books").status_code == 403


def test_object_permissions_are_checked(api, make_book, monkeypatch):
    class RefuseObjects(BasePermission):
        def has_object_permission(self, request, view, obj):
            return False

    monkeypatch.setattr(BookViewSet, "permission_classes", [RefuseObjects])

    assert api.get(f"/books/{make_book().pk}").status_code == 403


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete"])
@pytest.mark.parametrize("unknown", ["0", "987654321", 2**63, 10**30])
def test_unknown_object_is_a_not_found_problem(api, method, unknown):
    response = getattr(api, method)(f"/books/{unknown}")

    assert response.status_code == 404
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["type"] == "urn:problem:not_found"
    assert response.json()["instance"] == f"/books/{unknown}"


@pytest.mark.parametrize("tail", ["abc", "-1", "1.0", "%00", "%ED%A0%80", "%FF", "1/2", "1%2F2", "²", "٣"])
def test_malformed_key_is_not_found(api, tail):
    response = api.get(f"/books/{tail}")

    assert (response.status_code, response.json()["type"]) == (404, "urn:problem:not_found")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("put", "/books", "GET, POST, HEAD, OPTIONS"),
        ("patch", "/books", "GET, POST, HEAD, OPTIONS"),
        ("delete", "/books", "GET, POST, HEAD, OPTIONS"),
        ("post", "/books/1", "GET, PUT, PATCH, DELETE, HEAD, OPTIONS"),
    ],
)
def test_unsupported_method_is_refused_with_the_allowed_methods(api, method, path, allowed):
    response = getattr(api, method)(path, EMMA, format="json")

    assert (response.status_code, response.json()["type"]) == (405, "urn:problem:method_not_allowed")
    assert response["Allow"] == allowed


class WriterRouter:
    """Routes writes to another connection, as in Django's documentation of replicas."""

    def db_for_write(self, model, **hints):
        return "writer"

    def allow_relation(self, one, other, **hints):
        return True


@pytest.mark.django_db(transaction=True, databases=["default", "writer"])
def test_row_is_locked_in_the_database_that_it_is_written_to(api, make_book, settings):
    book = make_book()
    settings.DATABASE_ROUTERS = [WriterRouter()]

    changed = api.patch(f"/books/{book.id}", {"title": "Persuasion"}, format="json")
    deleted = api.delete(f"/books/{book.id}")

    assert (changed.status_code, deleted.status_code) == (200, 204)
    assert not Book.objects.using("default").exists()


@pytest.mark.django_db(transaction=True, databases=["default", "writer"])
def test_precondition_is_checked_in_the_database_that_is_written_to(api, make_book, settings):
    book = make_book()
    settings.DATABASE_ROUTERS = [WriterRouter()]
    address = f"/books/{book.id}"
    etag = api.get(address)["ETag"]

    with CaptureQueriesContext(connections["default"]) as reads:
        response = api.patch(address, {"title": "Persuasion"}, format="json", headers={"if-match": etag})

    assert response.status_code == 200
    assert len([query for query in reads if "books_book" in query["sql"]]) == 1  # the first look, before the lock


class Shelf:
    """An object in memory that is not a model."""

    pk, title = 7, "Fiction"

    def delete(self):
        self.title = "gone"


class ShelfSerializer(Serializer):
    title = CharField()

    def update(self, instance, validated_data):
        instance.title = validated_data["title"]
        return instance


def test_object_that_is_not_a_model_can_be_changed_and_deleted(api, monkeypatch):
    shelf = Shelf()
    monkeypatch.setattr(BookViewSet, "get_object", lambda self: shelf)
    monkeypatch.setattr(BookViewSet, "serializer_class", ShelfSerializer)

    stale = api.put("/books/7", {"title": "Drama"}, format="json", headers={"if-match": '"stale"'})
    assert (stale.status_code, shelf.title) == (412, "Fiction")
    changed = api.put("/books/7", {"title": "Poetry"}, format="json")
    assert (changed.status_code, changed.json(), shelf.title) == (200, {"title": "Poetry"}, "Poetry")
    assert (api.delete("/books/7").status_code, shelf.title) == (204, "gone")


def test_location_has_no_format_suffix(api, settings):
    settings.ROOT_URLCONF = SuffixedUrls

    created = api.post("/books.json", EMMA, format="json")

    assert created["Location"] == f"http://testserver/books/{created.json()['id']}"


class SuffixedUrls:
    urlpatterns = format_suffix_patterns([path("books", BookViewSet.as_view({"post": "create"}))])


@pytest.mark.parametrize("lookup", ["title__iexact", "title__startswith", "shelf__code"])
def test_object_without_a_key_for_the_lookup_is_created_without_location(api, monkeypatch, lookup):
    monkeypatch.setattr(BookViewSet, "lookup_field", lookup)

    created = api.post("/books", EMMA, format="json")

    assert (created.status_code, "Location" in created) == (201, False)


@pytest.mark.parametrize("key", ["isbn", "created_at__year"])
def test_location_has_the_value_of_the_lookup_field(api, monkeypatch, key):
    monkeypatch.setattr(BookViewSet, "lookup_field", key)

    created = api.post("/books", EMMA, format="json")

    value = {"isbn": EMMA["isbn"], "created_at__year": created.json()["created_at"][:4]}[key]
    assert created["Location"] == f"http://testserver/books/{value}"


@pytest.mark.parametrize("end", ["/", ".json"])
def test_location_has_the_slash_that_the_router_requires(api, settings, end):
    router = DefaultRouter()
    router.register("shelves/(?P<room>[a-z]+)/books", BookViewSet, basename="room-books")
    settings.ROOT_URLCONF = type("SlashUrls", (), {"urlpatterns": router.urls})

    created = api.post(f"/shelves/attic/books{end}", EMMA, format="json")

    assert created["Location"] == f"http://testserver/shelves/attic/books/{created.json()['id']}/"
    assert api.get(created["Location"]).status_code == 200


def test_location_is_not_set_by_other_actions(api, settings):
    settings.ROOT_URLCONF = DonateUrls

    assert "Location" not in api.post("/books/donate", EMMA, format="json")


class DonatingViewSet(BookViewSet):
    @action(detail=False, methods=["post"])
    def donate(self, request):
        return self.create(request)


class DonateUrls:
    urlpatterns = [path("books/donate", DonatingViewSet.as_view({"post": "donate"}))]


def test_query_changed_by_middleware_is_used(api, make_book, settings):
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, f"{__name__}.without_campaigns"]
    make_book(title="Emma")
    make_book(title="Persuasion")

    assert [book["title"] for book in api.get("/books?utm_source=x&search=emma").json()["results"]] == ["Emma"]


def without_campaigns(get_response):
    def middleware(request):
        query = request.GET.copy()
        query.pop("utm_source", None)
        request.GET = query
        return get_response(request)

    return middleware
