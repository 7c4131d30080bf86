"""What a request has made is gone with its answer."""

import gc
import io

import pytest
from application_client import ask

from chassis.wsgi import service_application
from library.books.models import Book

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/books", b"", 200),
        ("GET", "/books/{id}", b"", 200),
        ("HEAD", "/books/{id}", b"", 200),
        ("GET", "/books/{id}", b"", 304),
        ("GET", "/books/0", b"", 404),
        ("POST", "/books", b'{"title": "Emma", "isbn": "2222222222222"}', 201),
        ("POST", "/books", b'{"title": ""}', 400),
        ("PATCH", "/books/{id}", b'{"title": "Persuasion"}', 200),
        ("DELETE", "/books/{id}", b"", 204),
    ],
)
def test_nothing_is_left_for_the_garbage_collector(make_book, method, path, body, status):
    application = service_application()

    def request():
        Book.objects.all().delete()
        variables = {
            "REQUEST_METHOD": method,
            "CONTENT_TYPE": "application/json",
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": io.BytesIO(body),
        } | ({"HTTP_IF_NONE_MATCH": "*"} if status == 304 else {})
        return ask(application, path.format(id=make_book().pk), **variables)[0]

    assert request().startswith(str(status))  # what is made once is there now
    gc.collect()
    gc.disable()
    try:
        request()
        left = gc.collect()
    finally:
        gc.enable()

    assert left == 0
