import pytest
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission

from chassis.rest.rows import converts_values
from users.models import User
from users.serializers import UserSerializer
from users.views import UserViewSet

pytestmark = pytest.mark.django_db

JOHN = {"name": "John", "email": "john@example.com"}


@pytest.mark.parametrize("slash", ["", "/"])
def test_created_user_is_returned_and_found_at_its_location(api, slash):
    created = api.post(f"/users{slash}", JOHN, format="json")

    assert created.status_code == 201
    assert created.json().keys() == {"id", "name", "email", "created_at", "updated_at"}
    assert created.json().items() >= JOHN.items()
    found = api.get(created["Location"] + slash)
    assert (found.status_code, found.json()) == (200, created.json())


def test_name_and_email_are_trimmed_and_email_kept_as_typed(api):
    created = api.post("/users", {"name": "  John ", "email": " John@Example.COM "}, format="json")

    assert (created.json()["name"], created.json()["email"]) == ("John", "John@Example.COM")


def test_patch_changes_only_what_was_sent(api, make_user):
    user = make_user(name="Ada", email="ada@example.com")

    patched = api.patch(f"/users/{user.id}", {"name": "Ada Lovelace"}, format="json")

    assert patched.status_code == 200
    user.refresh_from_db()
    assert (user.name, user.email) == ("Ada Lovelace", "ada@example.com")
    assert user.updated_at > user.created_at


def test_put_replaces_and_needs_every_field(api, make_user):
    user = make_user()

    incomplete = api.put(f"/users/{user.id}", {"name": "Grace"}, format="json")
    replaced = api.put(f"/users/{user.id}", {"name": "Grace", "email": "grace@example.com"}, format="json")

    assert incomplete.status_code == 400
    assert incomplete.json()["errors"] == [
        {"field": "email", "code": "required", "message": "This field is required."}
    ]
    assert (replaced.status_code, replaced.json()["name"]) == (200, "Grace")


def test_what_was_read_can_be_put_back(api, make_user):
    user = make_user()
    read = api.get(f"/users/{user.id}").json()

    put_back = api.put(f"/users/{user.id}", read, format="json")

    assert put_back.status_code == 200
    assert put_back.json()["created_at"] == read["created_at"]


def test_deleted_user_is_gone(api, make_user):
    user = make_user()

    deleted = api.delete(f"/users/{user.id}")

    assert (deleted.status_code, deleted.content) == (204, b"")
    assert api.get(f"/users/{user.id}").status_code == 404
    assert api.delete(f"/users/{user.id}").status_code == 404


def test_update_of_a_row_deleted_since_it_was_read_is_not_found(api, make_user, monkeypatch):
    user = make_user()
    read = User.objects.get(id=user.id)
    user.delete()
    monkeypatch.setattr("users.views.UserViewSet.get_object", lambda self: read)

    patched = api.patch(f"/users/{read.id}", {"name": "Grace"}, format="json")

    assert patched.status_code == 404
    assert not User.objects.exists()


def test_changes_of_different_fields_from_one_reading_both_last(make_user):
    user = make_user()
    readings = [User.objects.get(id=user.id) for _ in range(2)]

    for reading, change in zip(readings, [{"name": "Grace"}, {"email": "grace@example.com"}], strict=True):
        serializer = UserSerializer(reading, data=change, partial=True)
        serializer.is_valid(raise_exception=True)
        serializer.save()

    user.refresh_from_db()
    assert (user.name, user.email) == ("Grace", "grace@example.com")


def test_what_a_view_does_not_offer_is_not_found(api, make_user, monkeypatch):
    hidden, offered = make_user(), make_user()
    monkeypatch.setattr(UserViewSet, "queryset", User.objects.exclude(pk=hidden.pk))

    assert api.get(f"/users/{hidden.pk}").status_code == 404
    assert api.get(f"/users/{offered.pk}").status_code == 200


def test_view_says_for_each_request_what_it_offers(api, make_user, monkeypatch):
    hidden, offered = make_user(), make_user()
    monkeypatch.setattr(UserViewSet, "get_queryset", lambda view: User.objects.exclude(pk=hidden.pk))

    assert api.get(f"/users/{hidden.pk}").status_code == 404
    assert api.get(f"/users/{offered.pk}").status_code == 200


def test_who_asks_is_found_out_where_there_is_a_way(api, monkeypatch):
    class Nobody(BaseAuthentication):
        def authenticate(self, request):
            raise AuthenticationFailed

    assert api.get("/users").status_code == 200

    monkeypatch.setattr(UserViewSet, "authentication_classes", [Nobody])

    assert api.get("/users").status_code == 403


def test_field_that_converts_what_the_database_returns_does_so(api, make_user, monkeypatch):
    user, field = make_user(name="Grace"), User._meta.get_field("name")
    monkeypatch.setattr(field, "from_db_value", lambda value, *_: value.upper(), raising=False)
    monkeypatch.delattr(field, "cached_col", raising=False)
    converts_values.cache_clear()

    name = api.get(f"/users/{user.pk}").json()["name"]

    converts_values.cache_clear()
    assert name == "GRACE"


def test_permissions_for_one_object_are_asked(api, make_user, monkeypatch):
    class Nobodys(BasePermission):
        def has_object_permission(self, request, view, obj):
            return False

    monkeypatch.setattr(UserViewSet, "permission_classes", [Nobodys])

    assert api.get(f"/users/{make_user().pk}").status_code == 403


@pytest.mark.parametrize(
    "path",
    ["/users/0", f"/users/{2**63}", "/users/99999999999999999999999", "/users/abc", "/users/1/x", "/nope"],
)
def test_unknown_address_is_a_not_found_problem(api, path):
    answer = api.get(path)

    assert answer.status_code == 404
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["type"] == "urn:problem:not_found"
    assert answer.json()["instance"] == path
