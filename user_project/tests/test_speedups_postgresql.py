"""The database backend of the speedups, beside the connection that the tests use."""

import select
from unittest.mock import patch

import pytest
from django.db import connection as djangos
from django.db.backends.postgresql.base import DatabaseWrapper as DjangosWrapper
from django.test.utils import CaptureQueriesContext

from speedups.postgresql.base import DatabaseWrapper

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def connection():
    own = DatabaseWrapper(djangos.settings_dict)
    yield own
    own.close()


def start_request(connection):
    """What Django does with a connection before a request."""
    connection.health_check_enabled = True
    connection.close_if_unusable_or_obsolete()


def backend_pid(connection):
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return cursor.fetchone()[0]


def test_connection_that_works_is_kept_without_asking_the_server(connection):
    before = backend_pid(connection)
    start_request(connection)

    with patch.object(DjangosWrapper, "is_usable") as ask, CaptureQueriesContext(connection) as queries:
        after = backend_pid(connection)

    assert (after, len(queries), ask.called) == (before, 1, False)


def test_connection_that_the_server_has_ended_is_replaced(connection):
    before = backend_pid(connection)
    with djangos.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 2000)", [before])
    start_request(connection)

    assert backend_pid(connection) != before


def test_server_is_asked_if_there_is_something_to_read(connection):
    with connection.cursor() as cursor:
        cursor.execute("LISTEN bench")
    with djangos.cursor() as cursor:
        cursor.execute("NOTIFY bench")
    assert select.select([connection.connection], [], [], 5)[0]  # it comes when the server gets to it

    with patch.object(DjangosWrapper, "is_usable", return_value=True) as ask:
        assert connection.is_usable()

    assert ask.called


def test_server_is_asked_after_an_error(connection):
    connection.ensure_connection()
    connection.errors_occurred = True

    with patch.object(DjangosWrapper, "is_usable", return_value=True) as ask:
        assert connection.is_usable()

    assert ask.called


def test_connection_that_was_closed_on_this_side_is_not_usable(connection):
    connection.ensure_connection()
    connection.connection.close()

    assert not connection.is_usable()
