from django.db import migrations, models

# As in 0001, with the actor from the writer's transaction.
PUBLISH = r"""
CREATE OR REPLACE FUNCTION outbox_publish() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    trace text := coalesce(current_setting('events.traceparent', true), '');
    actor text := coalesce(current_setting('events.actor', true), '');
BEGIN
    IF TG_OP = 'DELETE' THEN
        INSERT INTO outbox_event (subject, version, type, data, traceparent, actor) VALUES (
            TG_ARGV[0] || '/' || OLD.id, OLD.version + 1, TG_ARGV[1] || '.deleted.v1',
            jsonb_build_object('id', OLD.id, 'version', OLD.version + 1), trace, actor
        );
    ELSIF TG_OP = 'INSERT' OR NEW.version <> OLD.version THEN
        INSERT INTO outbox_event (subject, version, type, data, traceparent, actor) VALUES (
            TG_ARGV[0] || '/' || NEW.id, NEW.version, TG_ARGV[1] || '.changed.v1',
            outbox_data(to_jsonb(NEW), TG_ARGV[2:]), trace, actor
        );
    END IF;
    RETURN NULL;
END $$;
"""
BEFORE = r"""
CREATE OR REPLACE FUNCTION outbox_publish() RETURNS trigger LANGUAGE plpgsql AS $$
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
"""


class Migration(migrations.Migration):
    dependencies = [("outbox", "0001_initial")]

    operations = [
        migrations.AddField(
            "event",
            "actor",
            models.TextField(blank=True, db_default="", help_text="Who made the request that wrote it."),
        ),
        migrations.RunSQL(PUBLISH, BEFORE),
    ]
