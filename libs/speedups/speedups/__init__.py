"""Optional performance optimizations. ``SPEEDUPS=off`` disables all of them; every service works without them.

The constants are used in a service's settings and in gunicorn's configuration.
"""

import os
from typing import Any

_choice = os.environ.get("SPEEDUPS") or "on"
if _choice not in ("on", "off"):
    raise ValueError(f"SPEEDUPS must be on or off, not {_choice!r}")

ENABLED = _choice == "on"

# For gunicorn's ``worker_class`` and an entry of DATABASES.
WORKER_CLASS = "speedups.worker.SharedPollWorker" if ENABLED else "gthread"
DATABASE: dict[str, Any] = {"ENGINE": "speedups.postgresql"} if ENABLED else {}
# For MIDDLEWARE, above the middleware for HTML pages, and for INSTALLED_APPS (`manage.py speedups`).
MIDDLEWARE = ["speedups.middleware.CompiledReadsMiddleware"] if ENABLED else []
APPS = ["speedups"] if ENABLED else []
