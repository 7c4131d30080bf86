import io

import pytest
from django.test import RequestFactory

from chassis.request_body import MAX_BODY_BYTES
from user_project.wsgi import application


def call(body: bytes, **environ):
    """Call the WSGI application as a server does; the status and the body of the answer."""
    statuses = []
    request = RequestFactory().post("/users", content_type="application/json").environ
    request |= {"wsgi.input": io.BytesIO(body), "HTTP_HOST": "localhost"} | environ
    if "HTTP_TRANSFER_ENCODING" in environ:
        del request["CONTENT_LENGTH"]
    answer = application(request, lambda status, headers: statuses.append(status))
    return statuses[0], b"".join(answer)


@pytest.mark.django_db(transaction=True)
def test_chunked_body_is_read():
    status, body = call(b'{"name": "John", "email": "john@example.com"}', HTTP_TRANSFER_ENCODING="chunked")

    assert status == "201 Created"
    assert b'"John"' in body


def test_too_large_bodies_are_refused_whether_their_length_is_given_or_not():
    body = b" " * (MAX_BODY_BYTES + 1)

    answers = [call(body, CONTENT_LENGTH=str(len(body))), call(body, HTTP_TRANSFER_ENCODING="chunked")]

    for status, answer in answers:
        assert status.startswith("413 ")
        assert b"urn:problem:body_too_large" in answer


@pytest.mark.django_db(transaction=True)
def test_body_of_just_the_largest_size_is_read():
    status, _ = call(b"{}".ljust(MAX_BODY_BYTES), CONTENT_LENGTH=str(MAX_BODY_BYTES))

    assert status == "400 Bad Request"
