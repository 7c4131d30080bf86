"""Concurrent changes of a user: the second waits for the row lock, and reads the row as the first left it."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction
from rest_framework.test import APIClient

from users.models import User

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def during_another_change(make_user):
    """Send a request while a transaction holds the row lock, then change the row; return the response and the row."""

    def send(method, change, **headers):
        user = make_user(name="Ada")
        etag = APIClient().get(f"/users/{user.pk}")["ETag"]
        headers = {name: value.format(etag) for name, value in headers.items()}

        def request():
            try:
                call = getattr(APIClient(), method)
                return call(f"/users/{user.pk}", {"name": "Eve"}, format="json", headers=headers)
            finally:
                connection.close()

        with ThreadPoolExecutor(1) as pool:
            with transaction.atomic():
                row = User.objects.select_for_update().get(pk=user.pk)
                running = pool.submit(request)
                while not _is_waiting():
                    assert not running.done(), running.result()
                change(row)
            return running.result(), User.objects.filter(pk=user.pk).first()

    return send


def _is_waiting():
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return cursor.fetchone()[0]


def rename(row):
    row.name = "Grace"
    row.save()


def set_email(row):
    row.email = "grace@example.com"
    row.save()


@pytest.mark.parametrize("method", ["patch", "delete"])
def test_if_match_fails_after_a_concurrent_change(during_another_change, method):
    response, row = during_another_change(method, rename, if_match="{}")

    assert response.status_code == 412
    assert row.name == "Grace"


def test_patch_keeps_concurrent_changes_of_other_fields(during_another_change):
    response, row = during_another_change("patch", set_email)

    assert (response.status_code, response.json()["email"]) == (200, "grace@example.com")
    assert (row.name, row.email) == ("Eve", "grace@example.com")


@pytest.mark.parametrize("method", ["patch", "delete"])
def test_concurrently_deleted_user_is_not_found(during_another_change, method):
    response, row = during_another_change(method, User.delete)

    assert (response.status_code, row) == (404, None)
