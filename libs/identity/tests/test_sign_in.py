from datetime import timedelta

import pytest
from axes.models import AccessAttempt, AccessLog
from django.contrib.auth import authenticate, get_user_model
from django.contrib.auth.backends import BaseBackend
from django.test import Client
from django.utils.timezone import now
from rest_framework.test import APIClient

from identity.sign_in import ACCOUNT_FAILURE_LIMIT, KNOWN_ADDRESS

pytestmark = pytest.mark.django_db

LIMIT = 2  # failures from one address, in the settings of the tests


@pytest.fixture
def sign_in(django_user_model):
    """Sign in to the admin from an address; return the response."""
    for name in ("root", "other"):
        django_user_model.objects.create_superuser(name, password="secret")

    def sign_in(address, password="guess", username="root"):
        form = {"username": username, "password": password}
        return Client(REMOTE_ADDR=address).post("/admin/library/login/", form)

    return sign_in


def fail_often(sign_in):
    """Fail often enough to lock the account, but not an address."""
    for number in range(ACCOUNT_FAILURE_LIMIT):
        assert sign_in(f"203.0.113.{number}").status_code == 200


def test_sign_in_after_too_many_failures_is_a_problem_with_retry_after(sign_in):
    for _ in range(LIMIT):
        sign_in("203.0.113.7")

    locked = sign_in("203.0.113.7", "secret")
    other = sign_in("203.0.113.8", "secret")

    assert (locked.status_code, locked["Retry-After"]) == (429, "900")
    assert locked.json()["type"] == "urn:problem:locked_out"
    assert other.status_code == 302


def test_account_is_locked_for_new_addresses_after_failures_from_many(sign_in):
    fail_often(sign_in)

    locked = sign_in("203.0.113.99", "secret")

    assert (locked.status_code, locked.json()["type"]) == (429, "urn:problem:locked_out")
    assert sign_in("203.0.113.99", "secret", username="other").status_code == 302


def test_known_address_is_not_locked_out_by_failures_of_others(sign_in):
    assert sign_in("192.0.2.1", "secret").status_code == 302
    fail_often(sign_in)

    assert sign_in("192.0.2.1", "secret").status_code == 302


def test_known_address_is_locked_after_its_own_failures(sign_in):
    sign_in("192.0.2.1", "secret")
    for _ in range(LIMIT):
        sign_in("192.0.2.1")

    assert sign_in("192.0.2.1", "secret").status_code == 429


def test_known_address_expires(sign_in):
    sign_in("192.0.2.1", "secret")
    AccessLog.objects.update(attempt_time=now() - KNOWN_ADDRESS)
    fail_often(sign_in)

    assert sign_in("192.0.2.1", "secret").status_code == 429


def test_account_is_unlocked_after_the_cool_off_time(sign_in, settings):
    fail_often(sign_in)
    AccessAttempt.objects.update(attempt_time=now() - settings.AXES_COOLOFF_TIME + timedelta(seconds=10))
    assert sign_in("203.0.113.99").status_code == 429  # refused, so it does not count as a failure
    AccessAttempt.objects.update(attempt_time=now() - settings.AXES_COOLOFF_TIME)

    assert sign_in("203.0.113.99", "secret").status_code == 302


@pytest.mark.parametrize("client", [Client(), APIClient()])
def test_client_of_a_test_signs_in_as_djangos_documentation_shows(sign_in, client):
    assert not client.login(username="root", password="guess")
    assert client.login(username="root", password="secret")
    assert client.get("/admin/library/").status_code == 200


@pytest.mark.parametrize("length", [255, 256, 5000])
def test_long_usernames_fail_like_others(sign_in, length):
    statuses = [sign_in("203.0.113.7", username="x" * length).status_code for _ in range(LIMIT + 1)]

    assert statuses == [200] * (LIMIT - 1) + [429] * 2
    assert AccessAttempt.objects.get().username == "x" * 255


class TokenBackend(BaseBackend):
    """The example of Django's documentation: credentials without a username."""

    def authenticate(self, request, token=None):
        return get_user_model().objects.get(username="root") if token == "secret" else None


def test_failures_without_a_username_lock_no_other_address(sign_in, settings, rf):
    settings.AUTHENTICATION_BACKENDS = [*settings.AUTHENTICATION_BACKENDS, f"{__name__}.TokenBackend"]
    for number in range(ACCOUNT_FAILURE_LIMIT):
        assert authenticate(rf.post("/", REMOTE_ADDR=f"203.0.113.{number}"), token="guess") is None

    assert authenticate(rf.post("/", REMOTE_ADDR="192.0.2.1"), token="secret")


@pytest.mark.parametrize("names", [["username"], ["email"], ["username", "email"]])
def test_username_field_of_another_user_model_is_locked(sign_in, monkeypatch, django_user_model, rf, names):
    monkeypatch.setattr(django_user_model, "USERNAME_FIELD", "email")
    django_user_model.objects.filter(username="root").update(email="root@example.com")
    django_user_model.objects.filter(username="other").update(email="other@example.com")

    def signs_in(name, email, password):
        credentials = {name: email, "password": password}
        return authenticate(rf.post("/", REMOTE_ADDR="203.0.113.7"), **credentials) is not None

    for _ in range(LIMIT):
        assert not signs_in(names[0], "root@example.com", "guess")

    assert not signs_in(names[-1], "root@example.com", "secret")
    assert sign_in("203.0.113.7", "secret", "root@example.com").status_code == 429
    assert signs_in(names[-1], "other@example.com", "secret")
    assert sign_in("203.0.113.8", "secret", "root@example.com").status_code == 302


def test_account_of_another_username_field_is_locked_after_failures_from_many_addresses(
    sign_in, monkeypatch, django_user_model
):
    monkeypatch.setattr(django_user_model, "USERNAME_FIELD", "email")
    django_user_model.objects.filter(username="root").update(email="root")
    fail_often(sign_in)

    assert sign_in("203.0.113.99", "secret").status_code == 429
