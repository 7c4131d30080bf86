"""The order service with ``AUTH=true``, in its own process, because settings are read once per process."""

import json
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from werkzeug import Response

from conformance.modes import serving
from idempotency.models import IdempotencyKey
from identity.internal import HEADER, Caller, sign
from orders.models import Order

PROJECT = Path(__file__).parents[2]
TOKEN = "service-token"
BOTH = frozenset({"orders:read", "orders:write"})
ADA, EVE = Caller("7", 7, BOTH), Caller("8", 8, BOTH)
CLERK = Caller("key:clerk", None, BOTH | {"orders:all"}, key_id="clerk")


def identity(caller=ADA, *, audience="order", service_token=TOKEN, **arguments):
    """Return the headers of a request of ``caller`` through the gateway."""
    signed = sign(caller, audience=audience, service_token=service_token, **arguments)
    return {"X-Service-Token": TOKEN, HEADER: signed}


def two_users(request):
    """Respond as a user service with the users 7 and 8."""
    user_id = request.path.rpartition("/")[2]
    if user_id not in ("7", "8"):
        return Response("{}", 404, content_type="application/problem+json")
    user = {"id": int(user_id), "name": "Ada", "is_active": True}
    return Response(json.dumps(user), content_type="application/json")


@pytest.fixture(scope="module")
def start_service(django_db_setup, make_httpserver, tmp_path_factory):
    """Return a function that serves the service in a mode of ``conformance``."""
    environment = {
        "DATABASE_URL": "postgresql://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**connection.settings_dict),
        "SECRET_KEY": settings.SECRET_KEY,  # signs the sessions that tests make
        "USER_SERVICE_URL": make_httpserver.url_for("").rstrip("/"),
        "SERVICE_TOKEN": TOKEN,
        "AUTH": "true",
    }
    return lambda mode: serving(mode, PROJECT, environment, tmp_path_factory.mktemp("secured"))


@pytest.fixture(scope="module", params=["test client, speedups on", "gunicorn, speedups on"])
def served(request, start_service):
    """The service."""
    with start_service(request.param) as ask:
        yield ask


@pytest.fixture
def secured(served, make_httpserver, django_db_blocker):
    """A client of the service; ``log`` has the requests to the user service. The tables are emptied afterwards."""
    make_httpserver.clear()
    make_httpserver.expect_request(re.compile("/users/.*")).respond_with_handler(two_users)
    with django_db_blocker.unblock():
        served.log = make_httpserver.log
        yield served
        Order.objects.all().delete()
        IdempotencyKey.objects.all().delete()
