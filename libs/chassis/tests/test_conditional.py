from itertools import count

import pytest
from django.core.cache import cache
from django.db.models.functions import Length
from django.http import HttpResponse, JsonResponse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import cache_page
from django.views.decorators.gzip import gzip_page
from rest_framework.mixins import RetrieveModelMixin
from rest_framework.renderers import JSONRenderer, TemplateHTMLRenderer
from rest_framework.response import Response
from rest_framework.serializers import IntegerField, SerializerMethodField
from rest_framework.utils.encoders import JSONEncoder

from library.books.models import Book
from library.books.serializers import BookSerializer
from library.books.views import BookViewSet

pytestmark = pytest.mark.django_db


@pytest.fixture
def book(make_book):
    return make_book()


@pytest.fixture
def etag(api, book):
    return api.get(f"/books/{book.id}")["ETag"]


def test_single_object_has_a_strong_tag_that_changes_with_it(api, book, etag):
    same = api.get(f"/books/{book.id}/")["ETag"]
    api.patch(f"/books/{book.id}", {"title": "Persuasion"}, format="json")

    assert etag.startswith('"')
    assert same == etag
    assert api.get(f"/books/{book.id}")["ETag"] != etag


@pytest.mark.parametrize("header", ["{}", 'W/"x", {}', "W/{}", "*"])
def test_unchanged_object_is_304(api, book, etag, header):
    response = api.get(f"/books/{book.id}", headers={"if-none-match": header.format(etag)})

    assert (response.status_code, response.content, response["ETag"]) == (304, b"", etag)
    assert "Content-Length" not in response
    assert response["Vary"] == "Accept"


def test_page_for_a_browser_indented_json_and_a_list_have_no_tag(api, book):
    page = api.get(f"/books/{book.id}", headers={"accept": "text/html"})
    indented = api.get(f"/books/{book.id}", headers={"accept": "application/json; indent=4"})

    assert "ETag" not in page
    assert (indented.status_code, "ETag" in indented) == (200, False)
    assert "ETag" not in api.get("/books")
    assert "ETag" not in api.get("/books/9999")


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
@pytest.mark.parametrize("header", ['"stale"', "W/{}"])
def test_change_with_a_stale_tag_is_refused(api, book, etag, method, header):
    response = getattr(api, method)(
        f"/books/{book.id}",
        {"title": "Persuasion", "isbn": "2222222222222"},
        format="json",
        headers={"if-match": header.format(etag)},
    )

    assert (response.status_code, response.json()["type"]) == (412, "urn:problem:precondition_failed")
    assert Book.objects.get(id=book.id).title == "Emma"


@pytest.mark.parametrize(("method", "status"), [("put", 200), ("patch", 200), ("delete", 204)])
@pytest.mark.parametrize("header", ["{}", '"stale", {}', "*"])
def test_change_with_a_current_tag_is_accepted(api, book, etag, method, status, header):
    response = getattr(api, method)(
        f"/books/{book.id}",
        {"title": "Persuasion", "isbn": "2222222222222"},
        format="json",
        headers={"if-match": header.format(etag)},
    )

    assert response.status_code == status


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
@pytest.mark.parametrize("header", ["", "unquoted", '"open', ",", "W/"])
def test_precondition_that_is_no_entity_tag_does_not_hold(api, book, method, header):
    change = {"title": "Persuasion", "isbn": "2222222222222"}
    response = getattr(api, method)(f"/books/{book.id}", change, format="json", headers={"if-match": header})

    assert (response.status_code, response.json()["type"]) == (412, "urn:problem:precondition_failed")
    assert Book.objects.get(id=book.id).title == "Emma"


def test_precondition_is_checked_against_the_row_under_its_lock(api, book, etag, monkeypatch):
    read = Book.objects.get(id=book.id)
    Book.objects.filter(id=book.id).update(title="Persuasion")
    monkeypatch.setattr("library.books.views.BookViewSet.get_object", lambda self: read)

    patched = api.patch(f"/books/{book.id}", {"title": "Lady Susan"}, format="json", headers={"if-match": etag})
    deleted = api.delete(f"/books/{book.id}", headers={"if-match": etag})

    assert (patched.status_code, deleted.status_code) == (412, 412)


def test_if_none_match_on_an_existing_object_is_refused(api, book):
    response = api.patch(f"/books/{book.id}", {"title": "Lady Susan"}, format="json", headers={"if-none-match": "*"})

    assert response.status_code == 412


class Title:
    """A type that only ``TitleEncoder`` encodes."""

    def __init__(self, text):
        self.text = text


class TitleEncoder(JSONEncoder):
    def default(self, value):
        return value.text if isinstance(value, Title) else super().default(value)


class TitleRenderer(JSONRenderer):
    encoder_class = TitleEncoder


class TitleSerializer(BookSerializer):
    def to_representation(self, book):
        return super().to_representation(book) | {"title": Title(book.title)}


def test_tag_is_computed_from_the_output_of_the_views_renderer(api, book, monkeypatch):
    monkeypatch.setattr(BookViewSet, "serializer_class", TitleSerializer)
    monkeypatch.setattr(BookViewSet, "renderer_classes", [TitleRenderer])
    read = api.get(f"/books/{book.id}")

    stale = api.patch(f"/books/{book.id}", {"title": "Emma II"}, format="json", headers={"if-match": '"x"'})
    changed = api.patch(f"/books/{book.id}", {"title": "Emma II"}, format="json", headers={"if-match": read["ETag"]})

    assert (read.status_code, read.json()["title"]) == (200, book.title)
    assert (stale.status_code, changed.status_code) == (412, 200)
    assert api.get(f"/books/{book.id}")["ETag"] not in ("", read["ETag"])


@pytest.fixture
def numbered(monkeypatch):
    """Override ``retrieve`` to add another number to each response."""
    numbers = count(1)
    monkeypatch.setattr(BookViewSet, "number", lambda self: next(numbers), raising=False)

    def retrieve(self, request, *args, **kwargs):
        response = RetrieveModelMixin.retrieve(self, request, *args, **kwargs)
        response.data["number"] = self.number()
        return response

    monkeypatch.setattr(BookViewSet, "retrieve", retrieve)


@pytest.mark.parametrize("header", ['"x"', "*"])
def test_tag_covers_data_that_a_subclass_changes(api, book, numbered, header):
    first, second = (api.get(f"/books/{book.id}") for _ in range(2))

    assert (first.json()["number"], second.json()["number"]) == (1, 2)
    assert first["ETag"] != second["ETag"]
    third = api.get(f"/books/{book.id}", headers={"if-none-match": header})
    assert third.status_code == (304 if header == "*" else 200)


def test_tag_set_by_the_view_is_kept(api, book, monkeypatch):
    monkeypatch.setattr(BookViewSet, "retrieve", own_response)

    assert api.get(f"/books/{book.id}")["ETag"] == '"own"'


@pytest.mark.parametrize("header", ['"own"', 'W/"own"'])
def test_tag_set_by_the_view_is_evaluated(api, book, monkeypatch, header):
    monkeypatch.setattr(BookViewSet, "retrieve", own_response)
    address = f"/books/{book.id}"

    assert api.get(address, headers={"if-none-match": header}).status_code == 304
    assert api.get(address, headers={"if-none-match": '"other"'}).status_code == 200
    refused = api.get(address, headers={"if-match": '"other"'})
    assert (refused.status_code, refused["Vary"], "Allow" in refused) == (412, "Accept", True)
    page = api.get(address, headers={"if-none-match": header, "accept": "text/html"})
    assert (page.status_code, page["ETag"]) == (304, '"own"')


def own_response(self, request, *args, **kwargs):
    return Response({"id": 1}, headers={"ETag": '"own"'})


class LettersSerializer(BookSerializer):
    letters = SerializerMethodField()

    class Meta(BookSerializer.Meta):
        fields = ["letters"]

    def get_letters(self, book):
        return (letter for letter in book.title)


def test_iterator_in_the_data_is_sent(api, book, monkeypatch):
    monkeypatch.setattr(BookViewSet, "serializer_class", LettersSerializer)
    address = f"/books/{book.id}"

    read = api.get(address)

    assert read.json() == {"letters": list(book.title)}
    assert api.get(address, headers={"if-none-match": read["ETag"]}).status_code == 304


def test_response_of_a_cache_is_evaluated_and_precondition_is_that_of_the_row(api, book, monkeypatch):
    cache.clear()
    monkeypatch.setattr(BookViewSet, "retrieve", method_decorator(cache_page(60))(RetrieveModelMixin.retrieve))
    address = f"/books/{book.id}"
    etag = api.get(address)["ETag"]
    Book.objects.filter(id=book.id).update(title="Persuasion")

    unchanged = api.get(address, headers={"if-none-match": etag})
    stale = api.delete(address, headers={"if-match": etag})

    assert (unchanged.status_code, unchanged["Cache-Control"]) == (304, "max-age=60")
    assert stale.status_code == 412


def test_response_compressed_by_the_view_has_no_tag(api, make_book, monkeypatch):
    monkeypatch.setattr(BookViewSet, "retrieve", method_decorator(gzip_page)(RetrieveModelMixin.retrieve))
    book = make_book(title="Emma " * 39)

    response = api.get(f"/books/{book.id}", headers={"accept-encoding": "gzip"})

    assert (response["Content-Encoding"], "ETag" in response) == ("gzip", False)


def annotated(self):
    """Return what only reads show, as a view does that reads and writes by different querysets."""
    return Book.objects.annotate(length=Length("title")) if self.action == "retrieve" else Book.objects.all()


class LengthSerializer(BookSerializer):
    length = IntegerField(read_only=True, required=False)

    class Meta(BookSerializer.Meta):
        fields = [*BookSerializer.Meta.fields, "length"]


def own_tag(self, request, *args, **kwargs):
    book = self.get_object()
    return Response({"title": book.title}, headers={"ETag": f'"{book.title}"'})


def own_data(self, request, *args, **kwargs):
    response = RetrieveModelMixin.retrieve(self, request, *args, **kwargs)
    response.data["hint"] = "read only"
    return response


@pytest.mark.parametrize(
    "members",
    [
        {"get_queryset": annotated, "serializer_class": LengthSerializer},
        {"retrieve": own_tag},
        {"retrieve": own_data},
    ],
    ids=["get_queryset", "tag", "retrieve"],
)
def test_precondition_is_that_of_the_views_own_reads(api, book, members, monkeypatch):
    for name, value in members.items():
        monkeypatch.setattr(BookViewSet, name, value)
    address = f"/books/{book.id}"
    etag = api.get(address)["ETag"]

    changed = api.patch(address, {"title": "Sanditon"}, format="json", headers={"if-match": etag})
    stale = api.patch(address, {"title": "Emma"}, format="json", headers={"if-match": etag})

    assert (changed.status_code, stale.status_code) == (200, 412)
    assert api.get(address).json()["title"] == "Sanditon"


def serializer_of_the_method(self):
    return BookSerializer if self.request.method == "GET" else TitleOnlySerializer


class TitleOnlySerializer(BookSerializer):
    class Meta(BookSerializer.Meta):
        fields = ["title"]


def test_serializer_chosen_by_the_method_is_that_of_reads(api, book, monkeypatch):
    monkeypatch.setattr(BookViewSet, "get_serializer_class", serializer_of_the_method)
    address = f"/books/{book.id}"
    etag = api.get(address)["ETag"]

    changed = api.patch(address, {"title": "Sanditon"}, format="json", headers={"if-match": etag})
    stale = api.patch(address, {"title": "Emma"}, format="json", headers={"if-match": etag})

    assert (changed.status_code, stale.status_code) == (200, 412)
    assert changed.json() == {"title": "Sanditon"}


def page(self, request, *args, **kwargs):
    return HttpResponse("a page")


def plain_json(self, request, *args, **kwargs):
    return JsonResponse({"id": self.get_object().id})


def template_data(self, request, *args, **kwargs):
    return Response({"book": self.get_object()})


class PageRenderer(TemplateHTMLRenderer):
    def render(self, data, accepted_media_type=None, renderer_context=None):
        return f"{data}"


@pytest.mark.parametrize(
    "members",
    [
        {"retrieve": page},
        {"retrieve": plain_json},
        {"retrieve": template_data, "renderer_classes": [PageRenderer]},
    ],
    ids=["page", "json", "template"],
)
def test_object_whose_reads_have_no_tag_matches_only_the_asterisk(api, book, members, monkeypatch):
    for name, value in members.items():
        monkeypatch.setattr(BookViewSet, name, value)

    stale = api.delete(f"/books/{book.id}", headers={"if-match": '"x"'})
    deleted = api.delete(f"/books/{book.id}", headers={"if-match": "*"})

    assert (stale.status_code, deleted.status_code) == (412, 204)
