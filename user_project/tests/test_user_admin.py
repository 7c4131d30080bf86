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


@pytest.fixture
def sign_in(django_user_model, settings):
    """Sign in to the admin as ``root`` from an address behind a trusted proxy; return the response."""
    settings.TRUSTED_PROXIES = (ip_network("127.0.0.1"),)
    django_user_model.objects.create_superuser("root", password="secret")

    def sign_in(address, password="guess", peer="127.0.0.1"):
        form = {"username": "root", "password": password}
        return Client(REMOTE_ADDR=peer, HTTP_X_FORWARDED_FOR=address).post("/admin/user/login/", form)

    return sign_in


@pytest.mark.django_db
def test_sign_in_is_locked_after_five_failures_from_an_address_and_no_other(sign_in):
    statuses = [sign_in("203.0.113.7").status_code for _ in range(6)]
    locked = sign_in("203.0.113.7", "secret")
    other = sign_in("203.0.113.8", "secret")

    assert statuses == [200, 200, 200, 200, 429, 429]
    assert (locked.status_code, locked["Retry-After"]) == (429, "900")
    assert locked.json()["type"] == "urn:problem:locked_out"
    assert other.status_code == 302


@pytest.mark.django_db
def test_another_address_that_an_untrusted_peer_names_does_not_lift_the_lock(sign_in):
    statuses = [sign_in(f"203.0.113.{number}", peer="10.0.0.9").status_code for number in range(6)]

    assert statuses == [200, 200, 200, 200, 429, 429]


@pytest.mark.django_db
def test_sign_in_is_locked_for_new_addresses_after_twenty_failures_from_many(sign_in):
    for number in range(20):
        sign_in(f"203.0.113.{number // 4}")

    locked = sign_in("203.0.113.99", "secret")

    assert (locked.status_code, locked.json()["type"]) == (429, "urn:problem:locked_out")
