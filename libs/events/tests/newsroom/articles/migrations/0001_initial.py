from django.db import migrations, models

from events.outbox.publish import publish


class Migration(migrations.Migration):
    initial = True

    dependencies = [("outbox", "0001_initial")]

    operations = [
        migrations.CreateModel(
            "Article",
            [
                ("id", models.BigAutoField(primary_key=True)),
                ("title", models.CharField(max_length=200)),
                ("secret", models.CharField(max_length=200, default="", db_default="")),
                ("version", models.BigIntegerField(default=1, db_default=1, editable=False)),
            ],
        ),
        migrations.CreateModel(
            "Copy",
            [
                ("article_id", models.BigIntegerField(primary_key=True)),
                ("title", models.CharField(max_length=200)),
                ("version", models.BigIntegerField()),
                ("epoch", models.UUIDField()),
                ("generation", models.PositiveIntegerField()),
                ("is_deleted", models.BooleanField(default=False)),
            ],
        ),
        publish("articles_article", "articles", "com.example.article", ["id", "title"]),
    ]
