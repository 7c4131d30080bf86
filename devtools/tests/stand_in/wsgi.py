"""Stands in for a service: it is ready at once, counts visits in its database, and reports the event lag that
lag.json in the data folder contains."""

import json
import os
import time
from pathlib import Path

LAG = Path(os.environ["DATA_DIR"], "lag.json")

if Path.cwd().name.removesuffix("_project") == os.environ.get("BREAK_AT_START"):
    raise RuntimeError("broken on purpose")


def application(environ, start_response):
    if environ["PATH_INFO"] == "/hang":
        time.sleep(60)
    body = b"ok"
    if environ["PATH_INFO"] == "/health/ready" and LAG.exists():
        body = json.dumps({"status": "ok", "events": {"user": json.loads(LAG.read_text())}}).encode()
    if environ["PATH_INFO"] == "/addresses":
        body = " ".join(name for name in ("BIND", "METRICS_BIND") if name in os.environ).encode()
    if environ["PATH_INFO"] == "/visits":
        import psycopg2

        with psycopg2.connect(os.environ["DATABASE_URL"]) as connection, connection.cursor() as cursor:
            if environ["REQUEST_METHOD"] == "POST":
                cursor.execute("INSERT INTO visits DEFAULT VALUES")
            cursor.execute("SELECT count(*) FROM visits")
            body = str(cursor.fetchone()[0]).encode()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]
