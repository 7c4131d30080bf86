from django.contrib.postgres.operations import AddConstraintNotValid, ValidateConstraint
from django.db import migrations, models

# Existing keys stay valid. The previous version keeps working during a rolling restart: its keys have no caller, and
# ON CONFLICT (key) finds the same index. Widening a varchar does not rewrite the table.
CONSTRAINT = models.CheckConstraint(
    condition=models.Q(key__regex="^([!-~]{1,255} )?[!-~]{1,255}$"), name="idempotency_key_of_caller"
)


class Migration(migrations.Migration):
    atomic = False  # the new constraint is validated without a lock that blocks writers

    dependencies = [("idempotency", "0001_initial")]

    operations = [
        # First: a change of the column's type would check the constraint on the whole table.
        migrations.RemoveConstraint("idempotencykey", "idempotency_key_visible_ascii"),
        migrations.AlterField(
            "idempotencykey",
            "key",
            models.CharField(
                help_text="With AUTH the caller, a space and the caller's key.",
                max_length=511,
                primary_key=True,
                serialize=False,
            ),
        ),
        AddConstraintNotValid("idempotencykey", CONSTRAINT),
        ValidateConstraint("idempotencykey", CONSTRAINT.name),
        # Reversed first: the previous schema has no room for keys of callers.
        migrations.RunSQL(
            migrations.RunSQL.noop, "DELETE FROM idempotency_idempotencykey WHERE key LIKE '% %'", elidable=True
        ),
    ]
