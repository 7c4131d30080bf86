import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.http import HttpResponse
from django.test import RequestFactory

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
