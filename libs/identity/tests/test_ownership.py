import pytest
from callers import identity, make_caller
from rest_framework import serializers
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


class OwnBooks(OwnedMixin, BookViewSet):
    """Books, each of which belongs to the user whose id its shelf has."""

    authentication_classes = [InternalIdentityAuthentication]
    permission_classes = [HasScope]
    scope_resource = "books"
    owner_field = "shelf"
    ordering = "id"


def ask(caller, method, path="/books", body=None, pk=None):
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


def test_list_has_the_callers_own(books):
    assert titles(ask(make_caller(), "get")) == ["Mine"]
    assert titles(ask(make_caller(), "get", f"/books?id__in={books[0].pk},{books[1].pk}")) == ["Mine"]
    assert titles(ask(make_caller(), "get", "/books?search=other")) == []


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete"])
def test_another_users_object_is_not_found(books, method):
    response = ask(make_caller(), method, body=None if method == "get" else {"shelf": 7}, pk=books[1].pk)

    assert response.status_code == 404
    assert Book.objects.get(pk=books[1].pk).shelf == 8


def test_caller_without_a_user_sees_and_makes_nothing(books):
    nobody = make_caller(user_id=None)

    assert titles(ask(nobody, "get")) == titles(ask(nobody, "get", "/books?search=mine")) == []
    assert ask(nobody, "get", pk=books[0].pk).status_code == 404
    assert ask(nobody, "post", body={"title": "New", "isbn": "1", "shelf": 7}).status_code == 403


def test_scope_for_all_sees_and_makes_all(books):
    helper = make_caller(user_id=None, scopes=frozenset({"books:read", "books:write", "books:all"}))

    assert titles(ask(helper, "get")) == ["Mine", "Other"]
    assert ask(helper, "patch", body={"title": "Changed"}, pk=books[1].pk).status_code == 200
    assert ask(helper, "post", body={"title": "New", "isbn": "9780000000001", "shelf": 9}).status_code == 201


def test_object_of_another_user_is_not_made_and_none_is_given_away(books):
    new = {"title": "New", "isbn": "9780000000001"}

    refused = ask(make_caller(), "post", body=new | {"shelf": 8})
    given = ask(make_caller(), "patch", body={"shelf": 8}, pk=books[0].pk)
    made = ask(make_caller(), "post", body=new | {"shelf": 7})

    assert (refused.status_code, refused.data["type"]) == (403, "urn:problem:insufficient_scope")
    assert "books:all" in refused.data["detail"]
    assert (given.status_code, made.status_code) == (403, 201)
    assert Book.objects.filter(shelf=8).count() == 1


def test_serializer_of_a_view_of_ones_own_is_guarded_whatever_way_it_is_made(books, rf):
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


def test_owner_that_is_not_read_is_not_checked(books, monkeypatch):
    monkeypatch.setattr(OwnBooks, "serializer_class", TitleSerializer)

    assert ask(make_caller(), "post", body={"title": "New", "isbn": "9780000000001"}).status_code == 201


def test_owner_by_another_name_is_checked(books, monkeypatch):
    monkeypatch.setattr(OwnBooks, "serializer_class", RenamedSerializer)
    new = {"title": "New", "isbn": "9780000000001"}

    assert ask(make_caller(), "post", body=new | {"owner": 8}).status_code == 403
    assert ask(make_caller(), "patch", body={"owner": 8}, pk=books[0].pk).status_code == 403
    assert ask(make_caller(), "post", body=new | {"owner": 7}).status_code == 201


def test_owner_that_is_a_relation_is_compared_by_its_key(auth):
    view = OwnBooks()
    view.request = APIRequestFactory().get("/books")
    view.request.auth = make_caller()

    view.refuse_other_owner(Book(pk=7))
    with pytest.raises(InsufficientScope):
        view.refuse_other_owner(Book(pk=8))


def test_text_for_a_number_is_as_invalid_as_ever(books):
    response = ask(make_caller(), "post", body={"title": "New", "isbn": "9780000000001", "shelf": "7"})

    assert (response.status_code, response.data["errors"][0]["field"]) == (400, "shelf")


def test_without_auth_everything_is_everybodys(books, settings):
    settings.AUTH = False

    assert titles(ask(make_caller(), "get")) == ["Mine", "Other"]
    assert ask(make_caller(), "patch", body={"shelf": 9}, pk=books[1].pk).status_code == 200
