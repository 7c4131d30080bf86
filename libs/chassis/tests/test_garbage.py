"""What a request has made is gone with its answer."""

import gc
import io

import pytest
from application_client import ask

from chassis.wsgi import service_application
from users.models import User

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/users", b"", 200),
        ("GET", "/users/{id}", b"", 200),
        ("HEAD", "/users/{id}", b"", 200),
        ("GET", "/users/{id}", b"", 304),
        ("GET", "/users/0", b"", 404),
        ("POST", "/users", b'{"name": "Ada", "email": "ada@example.org"}', 201),
        ("POST", "/users", b'{"name": ""}', 400),
        ("PATCH", "/users/{id}", b'{"name": "Grace"}', 200),
        ("DELETE", "/users/{id}", b"", 204),
    ],
)
def test_nothing_is_left_for_the_garbage_collector(make_user, method, path, body, status):
    application = service_application()

    def request():
        User.objects.all().delete()
        variables = {
            "REQUEST_METHOD": method,
            "CONTENT_TYPE": "application/json",
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": io.BytesIO(body),
        } | ({"HTTP_IF_NONE_MATCH": "*"} if status == 304 else {})
        return ask(application, path.format(id=make_user().pk), **variables)[0]

    assert request().startswith(str(status))  # what is made once is there now
    gc.collect()
    gc.disable()
    try:
        request()
        left = gc.collect()
    finally:
        gc.enable()

    assert left == 0
