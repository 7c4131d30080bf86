"""With ``AUTH=true`` a request needs a signed identity and a scope."""

import os
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.db import connection

from conformance.modes import serving
from identity.internal import HEADER, Caller, sign
from widgets.models import Widget

TOKEN = "service-token"
READER = Caller("7", 7, frozenset({"widgets:read"}))


def identity(caller, **overrides):
    """Return the headers of a request of ``caller`` through the gateway."""
    signed = sign(caller, **{"audience": settings.SERVICE_NAME, "service_token": TOKEN} | overrides)
    return {"X-Service-Token": TOKEN, HEADER: signed}


@pytest.fixture
def secured(transactional_db, tmp_path):
    """A client of the service, which runs in its own process, because settings are read once per process."""
    database = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}")
    environment = {"DATABASE_URL": database.geturl(), "SERVICE_TOKEN": TOKEN, "AUTH": "true"}
    with serving("test client, speedups on", Path(__file__).parents[1], environment, tmp_path) as ask:
        yield ask


def test_callers_need_an_identity_and_a_scope(secured):
    widget = Widget.objects.create(name="First")

    refused = [secured("GET", "/widgets", **headers) for headers in ({}, {"X-Service-Token": TOKEN})]
    forged = secured("GET", f"/widgets/{widget.pk}", **identity(READER, service_token="forged"))
    read = secured("GET", f"/widgets/{widget.pk}", **identity(READER))
    unwritten = secured("PATCH", f"/widgets/{widget.pk}", {"name": "Second"}, **identity(READER))
    made = secured("POST", "/widgets", {"name": "Second"}, **identity(Caller("7", 7, frozenset({"widgets:write"}))))

    types = [response.json["type"].removeprefix("urn:problem:") for response in (*refused, forged, unwritten)]
    assert types == ["service_token_required", "identity_required", "identity_required", "insufficient_scope"]
    assert (read.status, read.json["name"], made.status) == (200, "First", 201)
