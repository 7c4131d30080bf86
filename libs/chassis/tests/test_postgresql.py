import select
from datetime import UTC, datetime
from unittest.mock import patch

import pytest
from django.db import connection, transaction
from django.db.backends.postgresql.base import DatabaseWrapper as DjangosWrapper
from django.test.utils import CaptureQueriesContext

pytestmark = pytest.mark.django_db(transaction=True)


def start_request():
    """What Django does with a connection before a request."""
    connection.health_check_enabled = True
    connection.close_if_unusable_or_obsolete()


def backend_pid():
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return cursor.fetchone()[0]


def end_from_outside(pid):
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 2000)", [pid])
    other.close()


def test_connection_that_works_is_kept_without_asking_the_server():
    before = backend_pid()
    start_request()

    with patch.object(DjangosWrapper, "is_usable") as ask, CaptureQueriesContext(connection) as queries:
        after = backend_pid()

    assert (after, len(queries), ask.called) == (before, 1, False)


def test_connection_that_the_server_has_ended_is_replaced():
    before = backend_pid()
    end_from_outside(before)
    start_request()

    assert backend_pid() != before


def test_server_is_asked_where_there_is_something_to_read():
    with connection.cursor() as cursor:
        cursor.execute("LISTEN bench")
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("NOTIFY bench")
    other.close()
    assert select.select([connection.connection], [], [], 5)[0]  # it comes when the server gets to it

    with patch.object(DjangosWrapper, "is_usable", return_value=True) as ask:
        assert connection.is_usable()

    assert ask.called


def test_server_is_asked_after_an_error():
    with pytest.raises(Exception, match="nowhere"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM nowhere")
    connection.errors_occurred = True

    with patch.object(DjangosWrapper, "is_usable", return_value=True) as ask:
        assert connection.is_usable()

    assert ask.called


def test_connection_that_was_closed_on_this_side_is_not_usable():
    connection.ensure_connection()
    connection.connection.close()

    assert not connection.is_usable()
    connection.close()


def test_instants_are_in_utc():
    with connection.cursor() as cursor:
        cursor.execute("SELECT now(), timestamptz '2026-07-01 12:00+02'")
        now, noon = cursor.fetchone()

    assert now.tzinfo is UTC
    assert noon == datetime(2026, 7, 1, 10, tzinfo=UTC)
