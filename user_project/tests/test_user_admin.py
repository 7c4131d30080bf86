from ipaddress import ip_network

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
    assert client.cookies["user_sessionid"]["path"] == "/"  # not /admin: the browsable API uses the session, too


@pytest.mark.django_db
def test_sign_in_is_locked_after_five_failures_from_an_address_and_no_other(django_user_model, settings):
    settings.TRUSTED_PROXIES = (ip_network("127.0.0.1"),)
    django_user_model.objects.create_superuser("root", password="secret")

    def sign_in(address, password="guess"):
        form = {"username": "root", "password": password}
        return Client(HTTP_X_FORWARDED_FOR=address).post("/admin/user/login/", form)

    statuses = [sign_in("203.0.113.7").status_code for _ in range(6)]
    locked = sign_in("203.0.113.7", "secret")
    other = sign_in("203.0.113.8", "secret")

    assert statuses == [200, 200, 200, 200, 429, 429]
    assert (locked.status_code, locked["Retry-After"]) == (429, "900")
    assert locked.json()["type"] == "urn:problem:locked_out"
    assert other.status_code == 302
