"""Migration operations that publish the changes of a table as events."""

from functools import partial
from typing import Any

from django.core.management import CommandError
from django.db import connections
from django.db.migrations import RunPython, RunSQL

BATCH_SIZE = 5_000

# Each published table, with the arguments of its trigger (each ends with a zero byte) and its columns.
_PUBLISHED = """
    SELECT tgrelid::regclass::text, tgargs, ARRAY(
        SELECT attname::text FROM pg_attribute WHERE attrelid = tgrelid AND attnum > 0 AND NOT attisdropped
    ) FROM pg_trigger WHERE tgname = 'outbox_publish'
"""


def publish(
    table: str, topic: str, type_prefix: str, columns: list[str], *, replaces: list[str] | None = None
) -> RunSQL:
    """Return the operation that publishes every change of ``table``, also changes by raw SQL.

    The table needs a primary key ``id`` and a column ``version bigint NOT NULL DEFAULT 1``, which a trigger increments.
    Triggers write an event in the transaction of the change: ``{type_prefix}.changed.v1`` with the values of
    ``columns``, or ``{type_prefix}.deleted.v1``. Its subject is ``{topic}/{id}``. TRUNCATE is not published.

    A later migration publishes other columns by the same call with the new ``columns``; ``replaces`` are the earlier
    ones. A row is published with the new columns at its next change.
    """
    quoted = ", ".join(f'"{column}"' for column in columns)
    check = f"SELECT {quoted} FROM {table} LIMIT 0;"  # noqa: S608 - names of the migration  # nosec B608
    trigger = _publish_trigger(table, topic, type_prefix, columns)
    if replaces is not None:  # the second statement fails if the table is not published
        check += f"ALTER TABLE {table} ENABLE TRIGGER outbox_version;"
        return RunSQL(f"{check} {trigger}", _publish_trigger(table, topic, type_prefix, replaces))
    # Earlier events remain if the operation is reversed and applied again; their versions must not be used twice.
    sql = f"""
        {check}
        UPDATE {table} AS own SET version = 1 + earlier.version
            FROM (SELECT subject, max(version) AS version FROM outbox_event GROUP BY subject) AS earlier
            WHERE earlier.subject = '{topic}/' || own.id;
        CREATE TRIGGER outbox_version BEFORE INSERT OR UPDATE ON {table}
            FOR EACH ROW EXECUTE FUNCTION outbox_set_version('{topic}');
        {trigger}
    """  # noqa: S608 - names of the migration  # nosec B608
    return RunSQL(sql, f"DROP TRIGGER outbox_version ON {table}; DROP TRIGGER outbox_publish ON {table};")


def _publish_trigger(table: str, topic: str, type_prefix: str, columns: list[str]) -> str:
    arguments = ", ".join(f"'{argument}'" for argument in (topic, type_prefix, *columns))
    return f"""CREATE OR REPLACE TRIGGER outbox_publish AFTER INSERT OR UPDATE OR DELETE ON {table}
            FOR EACH ROW EXECUTE FUNCTION outbox_publish({arguments});"""


def check_published_columns(using: str, **kwargs: Any) -> None:
    """Receiver of ``post_migrate``: check that the published columns exist, because events would omit them silently.

    Raises:
        CommandError: a migration renamed or removed a published column.
    """
    if connections[using].vendor != "postgresql":
        return
    with connections[using].cursor() as cursor:
        cursor.execute(_PUBLISHED)
        for table, arguments, columns in cursor.fetchall():
            published = bytes(arguments).decode().split("\0")[2:-1]
            if missing := [column for column in published if column not in columns]:
                raise CommandError(
                    f"Events of {table} contain the column {missing[0]!r}, which does not exist any more. "
                    "Add a migration with publish(..., replaces=...) of events.outbox.publish."
                )


def publish_existing(table: str, topic: str, type_prefix: str, columns: list[str]) -> RunPython:
    """Return the operation that publishes an event for each existing row, so that readers can begin at 0.

    Use it after ``publish``, in a migration with ``atomic = False``. It locks ``BATCH_SIZE`` rows at a time against
    changes, for about 0.1 s, so that a concurrent change is published after the row's first event.
    """
    # `squashmigrations` can write a partial function, but not a nested one.
    run = partial(publish_rows, table=table, topic=topic, type_prefix=type_prefix, columns=columns)
    return RunPython(run, RunPython.noop)


def publish_rows(
    apps: Any, schema_editor: Any, *, table: str, topic: str, type_prefix: str, columns: list[str]
) -> None:
    """Publish an event for each row of ``table``; see ``publish_existing``."""
    sql = f"""
        WITH batch AS (SELECT * FROM {table} {{after}} ORDER BY id LIMIT %(limit)s FOR SHARE),
        published AS (
            INSERT INTO outbox_event (subject, version, type, data, traceparent)
            SELECT %(topic)s || '/' || id, version, %(type)s, outbox_data(to_jsonb(batch), %(columns)s), '' FROM batch
            ON CONFLICT (subject, version) DO NOTHING
        )
        SELECT id FROM batch ORDER BY id DESC LIMIT 1
    """  # noqa: S608 - names of the migration  # nosec B608
    values: dict[str, Any] = {
        "topic": topic,
        "type": f"{type_prefix}.changed.v1",
        "columns": columns,
        "limit": BATCH_SIZE,
    }
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(sql.format(after=""), values)
        while last := cursor.fetchone():
            cursor.execute(sql.format(after="WHERE id > %(last)s"), values | {"last": last[0]})
