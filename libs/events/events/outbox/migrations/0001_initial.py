import django.contrib.postgres.functions
import django.db.models.functions.datetime
from django.db import migrations, models

# Triggers call these two, with arguments: the topic (users), the prefix of types (com.example.user) and the columns
# that events carry.
FUNCTIONS = r"""
CREATE FUNCTION outbox_set_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        -- A row whose id was used before goes on where that one ended.
        NEW.version := 1 + coalesce(
            (SELECT max(event.version) FROM outbox_event AS event WHERE event.subject = TG_ARGV[0] || '/' || NEW.id), 0
        );
    ELSIF NEW.id <> OLD.id THEN
        RAISE EXCEPTION 'the id of a row of % cannot change, because events name it', TG_TABLE_NAME
            USING ERRCODE = 'restrict_violation';
    ELSE
        NEW.version := OLD.version;
        IF NEW IS DISTINCT FROM OLD THEN
            NEW.version := OLD.version + 1;
        END IF;
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION outbox_publish() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    trace text := coalesce(current_setting('events.traceparent', true), '');
BEGIN
    IF TG_OP = 'DELETE' THEN
        INSERT INTO outbox_event (subject, version, type, data, traceparent) VALUES (
            TG_ARGV[0] || '/' || OLD.id, OLD.version + 1, TG_ARGV[1] || '.deleted.v1',
            jsonb_build_object('id', OLD.id, 'version', OLD.version + 1), trace
        );
    ELSIF TG_OP = 'INSERT' OR NEW.version <> OLD.version THEN
        INSERT INTO outbox_event (subject, version, type, data, traceparent) VALUES (
            TG_ARGV[0] || '/' || NEW.id, NEW.version, TG_ARGV[1] || '.changed.v1',
            outbox_data(to_jsonb(NEW), TG_ARGV[2:]), trace
        );
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION outbox_data(state jsonb, columns text[]) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT jsonb_object_agg(key, value) FROM jsonb_each(state) WHERE key = ANY (columns || 'version'::text)
$$;

INSERT INTO outbox_feed (id, cluster) SELECT 1, system_identifier FROM pg_control_system();
"""


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Event",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.BigIntegerField(help_text="In the feed; none before it is numbered.", null=True, unique=True)),
                ("event_id", models.UUIDField(db_default=django.contrib.postgres.functions.RandomUUID())),
                ("subject", models.CharField(help_text="What changed: users/7.", max_length=200)),
                ("version", models.BigIntegerField(help_text="Of the subject, from 1, without gaps.")),
                ("type", models.CharField(max_length=200)),
                ("time", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("data", models.JSONField()),
                ("traceparent", models.CharField(blank=True, db_default="", help_text="Of the request that wrote it.", max_length=55)),
            ],
            options={
                "ordering": ["id"],
                "indexes": [
                    models.Index(condition=models.Q(("position", None)), fields=["id"], name="outbox_event_unnumbered"),
                    models.Index(
                        condition=models.Q(("type__contains", ".deleted.")), fields=["position"], name="outbox_event_deleted"
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("subject", "version"), name="outbox_event_subject_version")
                ],
            },
        ),
        migrations.CreateModel(
            name="Feed",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("epoch", models.UUIDField(db_default=django.contrib.postgres.functions.RandomUUID(), help_text="Another one after a restore: readers start anew.")),
                ("cluster", models.CharField(help_text="PostgreSQL's system identifier, which a restored copy lacks.", max_length=40)),
                ("head", models.BigIntegerField(db_default=0, help_text="The highest position.")),
                ("purged_to", models.BigIntegerField(db_default=0, help_text="The highest position of a purged deletion.")),
            ],
            options={
                "constraints": [models.CheckConstraint(condition=models.Q(("id", 1)), name="outbox_feed_is_one")],
            },
        ),
        migrations.RunSQL(
            FUNCTIONS, "DROP FUNCTION outbox_set_version(); DROP FUNCTION outbox_publish(); DROP FUNCTION outbox_data(jsonb, text[]);"
        ),
    ]
