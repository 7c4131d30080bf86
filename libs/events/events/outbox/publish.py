"""Migration operations that publish the changes of a table as events."""

from typing import Any

from django.db import connection
from django.db.migrations import RunPython, RunSQL

BATCH_SIZE = 5_000


def publish(table: str, topic: str, type_prefix: str, columns: list[str]) -> RunSQL:
    """Return the operation that publishes every change of ``table``, also changes by raw SQL.

    The table needs a primary key ``id`` and a column ``version bigint NOT NULL DEFAULT 1``, which a trigger increments.
    Triggers write an event in the transaction of the change: ``{type_prefix}.changed.v1`` with the values of
    ``columns``, or ``{type_prefix}.deleted.v1``. Its subject is ``{topic}/{id}``. TRUNCATE is not published.
    """
    arguments = ", ".join(f"'{argument}'" for argument in (topic, type_prefix, *columns))
    # Earlier events remain if the operation is reversed and applied again; their versions must not be used twice.
    sql = f"""
        SELECT {", ".join(f'"{column}"' for column in columns)} FROM {table} LIMIT 0; -- fails if one does not exist
        UPDATE {table} AS own SET version = 1 + earlier.version
            FROM (SELECT subject, max(version) AS version FROM outbox_event GROUP BY subject) AS earlier
            WHERE earlier.subject = '{topic}/' || own.id;
        CREATE TRIGGER outbox_version BEFORE INSERT OR UPDATE ON {table}
            FOR EACH ROW EXECUTE FUNCTION outbox_set_version('{topic}');
        CREATE TRIGGER outbox_publish AFTER INSERT OR UPDATE OR DELETE ON {table}
            FOR EACH ROW EXECUTE FUNCTION outbox_publish({arguments});
    """  # noqa: S608 - names of the migration  # nosec B608
    return RunSQL(sql, f"DROP TRIGGER outbox_version ON {table}; DROP TRIGGER outbox_publish ON {table};")


def publish_existing(table: str, topic: str, type_prefix: str, columns: list[str]) -> RunPython:
    """Return the operation that publishes an event for each existing row, so that readers can begin at 0.

    Use it after ``publish``, in a migration with ``atomic = False``. It locks ``BATCH_SIZE`` rows at a time against
    changes, for about 0.1 s, so that a concurrent change is published after the row's first event.
    """
    sql = f"""
        WITH batch AS (SELECT * FROM {table} WHERE id > %(after)s ORDER BY id LIMIT %(limit)s FOR SHARE),
        published AS (
            INSERT INTO outbox_event (subject, version, type, data, traceparent)
            SELECT %(topic)s || '/' || id, version, %(type)s, outbox_data(to_jsonb(batch), %(columns)s), '' FROM batch
            ON CONFLICT (subject, version) DO NOTHING
        )
        SELECT max(id) FROM batch
    """  # noqa: S608 - names of the migration  # nosec B608

    def run(apps: Any, schema_editor: Any) -> None:
        values: dict[str, Any] = {
            "topic": topic,
            "type": f"{type_prefix}.changed.v1",
            "columns": columns,
            "limit": BATCH_SIZE,
        }
        after: int | None = -1
        with connection.cursor() as cursor:
            while after is not None:
                cursor.execute(sql, values | {"after": after})
                after = cursor.fetchone()[0]

    return RunPython(run, RunPython.noop)
