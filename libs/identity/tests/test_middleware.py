import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.db import OperationalError
from django.http import HttpResponse
from django.test import RequestFactory
from django.utils.functional import SimpleLazyObject

from identity.middleware import StaffActorMiddleware
from observability.actor import current_actor


@pytest.mark.parametrize(
    ("path", "user", "actor"),
    [
        ("/admin/user/", User(pk=3), "staff:3"),
        ("/admin/user/login/", AnonymousUser(), ""),
        ("/users", User(pk=3), ""),
    ],
)
def test_account_of_the_admin_is_the_actor(path, user, actor):
    request = RequestFactory().get(path)
    request.user = user
    seen = []

    StaffActorMiddleware(lambda request: seen.append(current_actor()) or HttpResponse())(request)

    assert seen == [actor]


def test_view_reports_an_unavailable_database():
    def load():
        raise OperationalError

    request = RequestFactory().get("/admin/user/")
    request.user = SimpleLazyObject(load)

    response = StaffActorMiddleware(lambda request: HttpResponse("of the view"))(request)

    assert (response.content, current_actor()) == (b"of the view", "")
