from django.db import migrations, models

from events.outbox.publish import publish


class Migration(migrations.Migration):
    dependencies = [("users", "0002_search"), ("outbox", "0001_initial")]

    operations = [
        migrations.AddField(
            "user",
            "is_active",
            models.BooleanField(default=True, db_default=True, help_text="Whether the user can order."),
        ),
        migrations.AddField(
            "user",
            "version",
            models.BigIntegerField(
                default=1, db_default=1, editable=False, help_text="Raised by a trigger at each change."
            ),
        ),
        publish("users_user", "users", "com.example.user", ["id", "name", "is_active"]),
    ]
