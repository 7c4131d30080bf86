"""Stands in for a project's Django commands: ``migrate`` creates a table, ``environment`` prints the environment,
``work`` waits for a signal."""

import json
import os
import signal
import sys
from pathlib import Path

if sys.argv[1] == "migrate":
    import psycopg2

    with psycopg2.connect(os.environ["DATABASE_URL"]) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS visits (id serial)")
    print("migrated")
elif sys.argv[1] == "environment":
    print(json.dumps(dict(os.environ)))
elif sys.argv[1] == "work":
    if Path.cwd().name.removesuffix("_project") == os.environ.get("BREAK_WORKER"):
        sys.exit("broken on purpose")
    signals = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    print("Worker ready:", os.getpid(), "BIND" in os.environ, os.environ.get("USER_SERVICE_URL"), flush=True)
    signal.sigwait(signals)
elif sys.argv[1] == "fail":
    sys.exit(3)
elif sys.argv[1] == "seed_demo":
    print("seeded")
elif sys.argv[1] == "createsuperuser":
    marker = Path(os.environ["DATA_DIR"]) / Path.cwd().name
    if marker.exists():
        sys.exit("CommandError: Error: That username is already taken.")
    if Path.cwd().name == os.environ.get("REQUIRES_BIRTH_DATE") and "DJANGO_SUPERUSER_BIRTH_DATE" not in os.environ:
        sys.exit("CommandError: You must use --birth_date with --noinput.")
    marker.touch()
