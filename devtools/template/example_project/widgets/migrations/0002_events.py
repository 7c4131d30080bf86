from django.db import migrations, models

# begin publishes
from events.outbox.publish import publish

# end publishes


class Migration(migrations.Migration):
    dependencies = [
        ("widgets", "0001_initial"),
        ("outbox", "0001_initial"),  # publishes
    ]

    operations = [
        # begin publishes
        migrations.AddField(
            "widget",
            "version",
            models.BigIntegerField(
                default=1, db_default=1, editable=False, help_text="Raised by a trigger at each change."
            ),
        ),
        publish("widgets_widget", "widgets", "com.example.example", ["id", "name"]),
        # end publishes
        # begin consumed
        migrations.CreateModel(
            "KnownUser",
            fields=[
                ("user_id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("version", models.BigIntegerField()),
                ("data", models.JSONField(help_text="As of the newest event.")),
                ("is_deleted", models.BooleanField(default=False)),
                ("epoch", models.UUIDField(help_text="Of the log that the version counts in.")),
                (
                    "generation",
                    models.PositiveIntegerField(help_text="The reading of the feed that showed the user last."),
                ),
            ],
        ),
        # end consumed
    ]
