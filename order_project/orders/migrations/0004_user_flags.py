from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

# Rejects orders of users whose deletion is known, even if they were verified before.
TRIGGER = """
CREATE FUNCTION order_refuse_deleted_user() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM known_user WHERE user_id = NEW.user_id AND state = 'deleted') THEN
        RAISE EXCEPTION 'order_user_not_deleted: user % is deleted', NEW.user_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'order_user_not_deleted';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER order_user_not_deleted BEFORE INSERT ON orders_order
    FOR EACH ROW EXECUTE FUNCTION order_refuse_deleted_user();
"""


class Migration(migrations.Migration):
    atomic = False  # required for AddIndexConcurrently, which does not block writers

    dependencies = [("orders", "0003_lists"), ("known_users", "0001_initial")]

    operations = [
        migrations.AddField(
            "order",
            "user_deactivated_at",
            models.DateTimeField(
                null=True, editable=False, help_text="When the order service learned that the user is deactivated."
            ),
        ),
        migrations.AddField(
            "order",
            "user_deleted_at",
            models.DateTimeField(
                null=True, editable=False, help_text="When the order service learned that the user is deleted."
            ),
        ),
        AddIndexConcurrently(
            "order",
            models.Index(
                fields=["id"], condition=models.Q(user_deactivated_at__isnull=False), name="order_user_deactivated"
            ),
        ),
        AddIndexConcurrently(
            "order",
            models.Index(fields=["id"], condition=models.Q(user_deleted_at__isnull=False), name="order_user_deleted"),
        ),
        migrations.RunSQL(
            TRIGGER,
            "DROP TRIGGER order_user_not_deleted ON orders_order; DROP FUNCTION order_refuse_deleted_user();",
        ),
    ]
