"""The migration that adds callers to keys: stored keys stay valid, and the previous version keeps working."""

from datetime import timedelta

import pytest
from django.db import DataError, IntegrityError, connection
from django.db.migrations.executor import MigrationExecutor

from idempotency.models import IdempotencyKey
from tests.idempotency.test_idempotent_orders import LAPTOP, place

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("user_service")]

BEFORE, AFTER = [("idempotency", "0001_initial")], [("idempotency", "0002_callers")]
LOCK = timedelta(minutes=1)


def migrate(target):
    MigrationExecutor(connection).migrate(target)


@pytest.fixture
def before():
    """Migrate the table back to the previous schema."""
    migrate(BEFORE)
    yield
    migrate(AFTER)


def test_stored_keys_stay_valid(before):
    first = place("old")
    migrate(AFTER)

    again = place("old")

    assert (again.content, again["Idempotent-Replayed"]) == (first.content, "true")


def test_statements_of_the_previous_version_run_on_both_schemas(before):
    # The previous version executes the same statements, with keys that have no caller.
    assert IdempotencyKey.objects.claim("one", "same", LOCK)
    migrate(AFTER)

    assert IdempotencyKey.objects.claim("one", "same", LOCK) is None
    token = IdempotencyKey.objects.claim("two", "same", LOCK)
    IdempotencyKey.objects.complete(token, status=201, body=b"{}", location="")
    assert place("two", LAPTOP).status_code == 422


def test_reversal_deletes_the_keys_of_callers():
    for key in ("k", "7 k", "x" * 255 + " " + "k" * 255):
        IdempotencyKey.objects.claim(key, "same", LOCK)

    migrate(BEFORE)
    try:
        assert [*IdempotencyKey.objects.values_list("key", flat=True)] == ["k"]
        with pytest.raises(DataError):
            IdempotencyKey.objects.claim("x" * 256, "same", LOCK)
    finally:
        migrate(AFTER)


@pytest.mark.parametrize("key", ["", " k", "a b c", "é k", "k\n", "x" * 256, "x" * 256 + " k", "7 " + "k" * 256])
def test_malformed_key_is_refused(key):
    with pytest.raises(IntegrityError):
        IdempotencyKey.objects.claim(key, "same", LOCK)


@pytest.mark.parametrize("key", ["k", "x" * 255, "7 k", "x" * 255 + " " + "k" * 255])
def test_keys_with_and_without_callers_are_stored(key):
    assert IdempotencyKey.objects.claim(key, "same", LOCK)
