from functools import partial

import pytest
from callers import identity, make_caller
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured
from django.shortcuts import get_object_or_404
from django.utils.decorators import method_decorator
from django.views.decorators.cache import cache_page
from django.views.decorators.vary import vary_on_headers
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory

from identity.authentication import InternalIdentityAuthentication
from identity.exceptions import InsufficientScope
from identity.ownership import OwnedMixin
from identity.permissions import HasScope
from library.books.models import Book
from library.books.serializers import BookSerializer
from library.books.views import BookViewSet

pytestmark = pytest.mark.django_db


class TitleSerializer(BookSerializer):
    class Meta:
        model = Book
        fields = ["id", "title", "isbn"]


class RenamedSerializer(BookSerializer):
    owner = serializers.IntegerField(source="shelf")

    class Meta:
        model = Book
        fields = ["id", "title", "isbn", "owner"]


class NullableSerializer(BookSerializer):
    shelf = serializers.IntegerField(allow_null=True)


class OwnBooks(OwnedMixin, BookViewSet):
    """Books whose shelf is the id of their owner."""

    authentication_classes = [InternalIdentityAuthentication]
    permission_classes = [HasScope]
    scope_resource = "books"
    owner_field = "shelf"
    ordering = "id"


def send(caller, method, path="/books", body=None, pk=None):
    request = getattr(APIRequestFactory(), method)(path, body, format="json", headers=identity(caller))
    actions = {"post": "create", "get": "list"} if pk is None else {"get": "retrieve"}
    actions |= {"put": "update", "patch": "partial_update", "delete": "destroy"}
    return OwnBooks.as_view(actions)(request, **({} if pk is None else {"pk": pk}))


def titles(response):
    assert response.status_code == 200, response.data
    return [book["title"] for book in response.data["results"]]


@pytest.fixture
def books(auth, make_book):
    return make_book(title="Mine", shelf=7), make_book(title="Other", shelf=8)


def test_list_has_only_the_callers_own_objects(books):
    assert titles(send(make_caller(), "get")) == ["Mine"]
    assert titles(send(make_caller(), "get", f"/books?id__in={books[0].pk},{books[1].pk}")) == ["Mine"]
    assert titles(send(make_caller(), "get", "/books?search=other")) == []


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete"])
def test_another_users_object_is_not_found(books, method):
    response = send(make_caller(), method, body=None if method == "get" else {"shelf": 7}, pk=books[1].pk)

    assert response.status_code == 404
    assert Book.objects.get(pk=books[1].pk).shelf == 8


def test_caller_without_a_user_cannot_read_or_create(books):
    caller = make_caller(user_id=None)

    assert titles(send(caller, "get")) == titles(send(caller, "get", "/books?search=mine")) == []
    assert send(caller, "get", pk=books[0].pk).status_code == 404
    assert send(caller, "post", body={"title": "New", "isbn": "1", "shelf": 7}).status_code == 403


def test_scope_for_all_can_read_and_create_all(books):
    support = make_caller(user_id=None, scopes=frozenset({"books:read", "books:write", "books:all"}))

    assert titles(send(support, "get")) == ["Mine", "Other"]
    assert send(support, "patch", body={"title": "Changed"}, pk=books[1].pk).status_code == 200
    assert send(support, "post", body={"title": "New", "isbn": "9780000000001", "shelf": 9}).status_code == 201


def test_object_cannot_be_created_for_or_given_to_another_user(books):
    new = {"title": "New", "isbn": "9780000000001"}

    refused = send(make_caller(), "post", body=new | {"shelf": 8})
    given = send(make_caller(), "patch", body={"shelf": 8}, pk=books[0].pk)
    made = send(make_caller(), "post", body=new | {"shelf": 7})

    assert (refused.status_code, refused.data["type"]) == (403, "urn:problem:insufficient_scope")
    assert "books:all" in refused.data["detail"]
    assert (given.status_code, made.status_code) == (403, 201)
    assert Book.objects.filter(shelf=8).count() == 1


def test_owner_is_validated_by_every_call_of_get_serializer(books, rf):
    view = OwnBooks(action_map={"post": "create"}, format_kwarg=None)
    view.request = view.initialize_request(rf.post("/books", headers=identity(make_caller())))
    new = {"title": "New", "isbn": "9780000000001", "shelf": 8}

    for make in (
        lambda: view.get_serializer(data=new),
        lambda: view.get_serializer(books[0], new),
        lambda: view.get_serializer(data=[new], many=True),
    ):
        with pytest.raises(InsufficientScope):
            make().is_valid()


def test_owner_that_is_not_a_field_is_not_checked(books, monkeypatch):
    monkeypatch.setattr(OwnBooks, "serializer_class", TitleSerializer)

    assert send(make_caller(), "post", body={"title": "New", "isbn": "9780000000001"}).status_code == 201


def test_owner_by_another_name_is_checked(books, monkeypatch):
    monkeypatch.setattr(OwnBooks, "serializer_class", RenamedSerializer)
    new = {"title": "New", "isbn": "9780000000001"}

    assert send(make_caller(), "post", body=new | {"owner": 8}).status_code == 403
    assert send(make_caller(), "patch", body={"owner": 8}, pk=books[0].pk).status_code == 403
    assert send(make_caller(), "post", body=new | {"owner": 7}).status_code == 201


def test_owner_that_is_a_relation_is_compared_by_its_key(auth):
    view = OwnBooks()
    view.request = APIRequestFactory().get("/books")
    view.request.auth = make_caller()

    view.refuse_other_owner(Book(pk=7))
    with pytest.raises(InsufficientScope):
        view.refuse_other_owner(Book(pk=8))


def test_owner_of_the_wrong_type_is_invalid(books):
    response = send(make_caller(), "post", body={"title": "New", "isbn": "9780000000001", "shelf": "7"})

    assert (response.status_code, response.data["errors"][0]["field"]) == (400, "shelf")


def test_without_auth_all_objects_are_accessible(books, settings):
    settings.AUTH = False

    assert titles(send(make_caller(), "get")) == ["Mine", "Other"]
    assert send(make_caller(), "patch", body={"shelf": 9}, pk=books[1].pk).status_code == 200


def test_get_queryset_of_a_subclass_does_not_widen_what_is_found(books, monkeypatch):
    monkeypatch.setattr(OwnBooks, "get_queryset", lambda self: Book.objects.all())

    assert titles(send(make_caller(), "get")) == ["Mine"]
    assert titles(send(make_caller(), "get", "/books?search=other")) == []
    for method in ("get", "patch", "delete"):
        assert send(make_caller(), method, body=None if method == "get" else {}, pk=books[1].pk).status_code == 404
    assert Book.objects.count() == 2


def test_get_object_of_a_subclass_does_not_find_more(books, monkeypatch):
    def get_object(self):
        book = get_object_or_404(Book, pk=self.kwargs["pk"])
        self.check_object_permissions(self.request, book)
        return book

    monkeypatch.setattr(OwnBooks, "get_object", get_object)

    for method in ("get", "patch", "delete"):
        assert send(make_caller(), method, body=None if method == "get" else {}, pk=books[1].pk).status_code == 404
        assert send(make_caller(), method, body=None if method == "get" else {}, pk=books[0].pk).status_code < 300
    assert Book.objects.get() == books[1]


def test_permission_for_an_object_without_an_owner_is_checked(auth):
    view = OwnBooks()
    view.request = APIRequestFactory().get("/books")
    view.request.auth = make_caller()

    view.check_object_permissions(view.request, object())


class DetailsField(serializers.Field):
    def to_internal_value(self, data):
        return {"shelf": data["shelf"], "title": "New"}


class DetailsSerializer(serializers.Serializer):
    shelf = serializers.IntegerField()


class ScoreSerializer(serializers.BaseSerializer):
    def to_internal_value(self, data):
        return {"shelf": data["shelf"]}


@pytest.mark.parametrize("details", [DetailsField(source="*"), DetailsSerializer(source="*"), None])
def test_owner_among_other_values_is_checked(books, monkeypatch, details):
    saved = {"details": details} if details else {}
    kind = type("OwnSerializer", (serializers.Serializer if details else ScoreSerializer,), saved)
    monkeypatch.setattr(OwnBooks, "serializer_class", kind)
    monkeypatch.setattr(OwnBooks, "create_response", lambda self, serializer: Response(status=201))

    for shelf, status in ((8, 403), (7, 201)):
        body = {"shelf": shelf}
        assert send(make_caller(), "post", body={"details": body} if details else body).status_code == status


def test_owner_in_each_of_several_base_serializers_is_checked(books, monkeypatch):
    monkeypatch.setattr(OwnBooks, "serializer_class", staticmethod(partial(ScoreSerializer, many=True)))
    monkeypatch.setattr(OwnBooks, "create_response", lambda self, serializer: Response(status=201))

    for shelf, status in ((8, 403), (7, 201)):
        assert send(make_caller(), "post", body=[{"shelf": 7}, {"shelf": shelf}]).status_code == status


class RenamingSerializer(TitleSerializer):
    def to_internal_value(self, data):
        owner = data.pop("owner")
        return super().to_internal_value(data) | {"shelf": owner}


def test_owner_that_a_serializer_reads_itself_is_checked(books, monkeypatch):
    monkeypatch.setattr(OwnBooks, "serializer_class", RenamingSerializer)
    new = {"title": "New", "isbn": "9780000000001"}

    assert send(make_caller(), "post", body=new | {"owner": 8}).status_code == 403
    assert send(make_caller(), "put", body=new | {"owner": 8}, pk=books[0].pk).status_code == 403
    assert send(make_caller(), "post", body=new | {"owner": 7}).status_code == 201


def test_owner_field_of_another_model_is_refused(books, monkeypatch):
    monkeypatch.setattr(OwnBooks, "owner_field", "shelf__id")

    with pytest.raises(ImproperlyConfigured, match="owner_field"):
        send(make_caller(), "get")


@pytest.mark.parametrize("owner_field", ["member", "member_id"])
@pytest.mark.parametrize("source", ["member", "member_id"])
def test_owner_that_is_a_relation_is_checked_by_both_of_its_names(auth, monkeypatch, owner_field, source):
    class MemberSerializer(serializers.Serializer):
        owner = serializers.IntegerField(source=source)

    monkeypatch.setattr(OwnBooks, "owner_field", owner_field)
    monkeypatch.setattr(OwnBooks, "serializer_class", MemberSerializer)

    assert send(make_caller(), "post", body={"owner": 8}).status_code == 403


def test_owner_cannot_be_null(books, monkeypatch):
    monkeypatch.setattr(OwnBooks, "serializer_class", NullableSerializer)

    created = send(make_caller(), "post", body={"title": "New", "isbn": "9780000000001", "shelf": None})
    changed = send(make_caller(), "patch", body={"shelf": None}, pk=books[0].pk)

    assert [response.data["errors"][0]["code"] for response in (created, changed)] == ["null", "null"]


@pytest.mark.parametrize("cached", ["list", "dispatch"])
def test_cached_response_is_not_that_of_another_caller(books, monkeypatch, cached):
    decorators = [cache_page(60), vary_on_headers("Authorization")]  # as in REST framework's guide
    monkeypatch.setattr(OwnBooks, cached, method_decorator(decorators)(getattr(OwnBooks, cached)))

    def found(user_id):
        body = send(make_caller(user_id=user_id), "get").render().content
        return [title for title in (b"Mine", b"Other") if title in body]

    cache.clear()
    try:
        assert (found(7), found(8)) == ([b"Mine"], [b"Other"])
    finally:
        cache.clear()


def test_response_varies_by_caller_only_with_auth(books, settings):
    assert send(make_caller(), "get").headers["Vary"] == "Accept, X-Internal-Identity, Cookie"

    settings.AUTH = False

    assert send(make_caller(), "get").headers["Vary"] == "Accept"
