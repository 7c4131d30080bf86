from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """Waits for all running statements of the database, even those that wait for a lock."""

    atomic = False
    dependencies = [("ledger", "0002_first_entry")]
    operations = [AddIndexConcurrently("Entry", models.Index(fields=["text"], name="entry_text"))]
