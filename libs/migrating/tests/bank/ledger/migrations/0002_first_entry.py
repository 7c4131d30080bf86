import os
import time
from pathlib import Path

from django.db import migrations


def add_entry(apps, schema_editor):
    apps.get_model("ledger", "Entry").objects.create(amount=1, text="Opening")
    if file := os.environ.get("STOP_AT"):  # the test waits for the file, then interrupts this process
        Path(file).touch()
        time.sleep(60)


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_initial")]
    operations = [migrations.RunPython(add_entry, migrations.RunPython.noop)]
