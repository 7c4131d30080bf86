"""The database backend of the speedups, on a connection other than that of the tests."""

import select
from unittest.mock import patch

import pytest
from django.db import connection as django_connection
from django.db.backends.postgresql.base import DatabaseWrapper as DjangoWrapper
from django.test.utils import CaptureQueriesContext

from speedups.postgresql.base import DatabaseWrapper

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def connection():
    own = DatabaseWrapper(django_connection.settings_dict)
    yield own
    own.close()


def start_request(connection):
    """Prepare the connection for a request, as Django does."""
    connection.health_check_enabled = True
    connection.close_if_unusable_or_obsolete()


def backend_pid(connection):
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return cursor.fetchone()[0]


def test_working_connection_is_kept_without_a_health_check(connection):
    before = backend_pid(connection)
    start_request(connection)

    with patch.object(DjangoWrapper, "is_usable") as health_check, CaptureQueriesContext(connection) as queries:
        after = backend_pid(connection)

    assert (after, len(queries), health_check.called) == (before, 1, False)


def test_connection_that_the_server_has_ended_is_replaced(connection):
    before = backend_pid(connection)
    with django_connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 2000)", [before])
    start_request(connection)

    assert backend_pid(connection) != before


def test_health_check_is_sent_if_there_is_unread_data(connection):
    with connection.cursor() as cursor:
        cursor.execute("LISTEN bench")
    with django_connection.cursor() as cursor:
        cursor.execute("NOTIFY bench")
    assert select.select([connection.connection], [], [], 5)[0]  # the notification arrives asynchronously

    with patch.object(DjangoWrapper, "is_usable", return_value=True) as health_check:
        assert connection.is_usable()

    assert health_check.called


def test_health_check_is_sent_after_an_error(connection):
    connection.ensure_connection()
    connection.errors_occurred = True

    with patch.object(DjangoWrapper, "is_usable", return_value=True) as health_check:
        assert connection.is_usable()

    assert health_check.called


def test_connection_that_was_closed_on_this_side_is_not_usable(connection):
    connection.ensure_connection()
    connection.connection.close()

    assert not connection.is_usable()
