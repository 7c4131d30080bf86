import pytest
from django.test import Client

from users.models import User


@pytest.fixture
def admin(admin_client: Client) -> Client:
    return admin_client


def test_list_shows_and_finds_users(admin, make_user):
    make_user(name="Ada Lovelace", email="ada@example.com")
    make_user(name="Grace Hopper")

    page = admin.get("/admin/user/users/user/?q=lovelace").text

    assert "ada@example.com" in page
    assert "Grace Hopper" not in page


def test_taken_address_is_an_error_in_the_form(admin, make_user):
    make_user(email="ada@example.com")

    page = admin.post("/admin/user/users/user/add/", {"name": "Eve", "email": "ADA@example.com"})

    assert "Another user has this e-mail address." in page.text
    assert User.objects.count() == 1


@pytest.mark.django_db
def test_session_and_csrf_cookies_are_the_service_s_own(django_user_model):
    django_user_model.objects.create_superuser("root", password="secret")
    client = Client()
    client.get("/admin/user/login/")

    client.post("/admin/user/login/", {"username": "root", "password": "secret"})

    assert set(client.cookies) == {"user_sessionid", "user_csrftoken"}
    assert client.cookies["user_sessionid"]["path"] == "/admin/user/"


@pytest.mark.django_db
def test_sign_in_is_locked_after_five_failures_from_an_address_and_no_other(django_user_model, settings):
    django_user_model.objects.create_superuser("root", password="secret")
    attacker = {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "203.0.113.7"}
    form = {"username": "root", "password": "guess"}

    statuses = [Client().post("/admin/user/login/", form, **attacker).status_code for _ in range(6)]
    locked = Client().post("/admin/user/login/", form | {"password": "secret"}, **attacker)
    other = Client().post(
        "/admin/user/login/", form | {"password": "secret"}, HTTP_X_FORWARDED_FOR="203.0.113.8"
    )

    assert statuses == [200, 200, 200, 200, 429, 429]
    assert (locked.status_code, locked["Retry-After"]) == (429, "900")
    assert locked.json()["type"] == "urn:problem:locked_out"
    assert other.status_code == 302
