"""Everything that exists for speed alone. ``SPEEDUPS=off`` takes all of it away, and every service works without it.

The constants are what a service's settings and gunicorn's configuration take from here.
"""

import os
from typing import Any

_choice = os.environ.get("SPEEDUPS", "on")
if _choice not in ("on", "off"):
    raise ValueError(f"SPEEDUPS must be on or off, not {_choice!r}")

ENABLED = _choice == "on"

# For gunicorn's ``worker_class``, and for an entry of DATABASES.
WORKER_CLASS = "speedups.worker.SharedPollWorker" if ENABLED else "gthread"
DATABASE: dict[str, Any] = {"ENGINE": "speedups.postgresql"} if ENABLED else {}
# For MIDDLEWARE, above all that acts on pages only, and for INSTALLED_APPS: `manage.py speedups`.
MIDDLEWARE = ["speedups.middleware.CompiledReadsMiddleware"] if ENABLED else []
APPS = ["speedups"] if ENABLED else []
