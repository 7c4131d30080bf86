from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

from events.outbox.publish import publish_existing


class Migration(migrations.Migration):
    atomic = False  # neither the index nor the events of existing users may block writers

    dependencies = [("users", "0003_events")]

    operations = [
        AddIndexConcurrently(
            "user", models.Index(fields=["id"], condition=models.Q(is_active=False), name="user_inactive")
        ),
        publish_existing("users_user", "users", "com.example.user", ["id", "name", "is_active"]),
    ]
