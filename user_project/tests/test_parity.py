"""Compiled reads return the same responses as the views: status, headers and body."""

import json
from datetime import UTC, datetime

import parity
import pytest
from hypothesis import given
from prometheus_client import REGISTRY

import speedups
from users.models import User
from users.views import UserViewSet

pytestmark = pytest.mark.skipif(not speedups.ENABLED, reason="SPEEDUPS=off disables compiled reads")

IDS = range(1_000_000, 1_000_005)


@pytest.fixture
def both(db, settings):
    """The WSGI application with and without compiled reads."""
    settings.ACCESS_LOG = False
    for pk, name in zip(IDS, parity.ODD_TEXTS, strict=True):
        User.objects.create(pk=pk, name=name, email=f"user{pk}@example.com")
    User.objects.filter(pk=IDS[0]).update(created_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
    User.objects.filter(pk=IDS[1]).update(created_at=datetime(1, 1, 1, 0, 0, 0, 1, tzinfo=UTC))
    return parity.applications(settings)


def test_response_equals_that_of_the_view(both):
    compiled, textbook = both
    seen = parity.sample_values(textbook, "users", IDS)

    @parity.many
    @given(parity.methods, parity.targets("users", IDS, seen.cursors), parity.header_fields(seen.etags))
    def compare(method, target, headers):
        expected = parity.ask(textbook, method, target, headers)
        assert parity.ask(compiled, method, target, headers) == expected

    compare()


@pytest.mark.parametrize("target", [f"/users/{IDS[0]}", "/users", "/users?page_size=2"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_plain_reads_do_not_reach_the_view(both, monkeypatch, method, target):
    compiled, textbook = both
    assert parity.ask(compiled, method, target)[0] == "200 OK"
    monkeypatch.setattr(UserViewSet, "http_method_names", ["options"])

    assert parity.ask(compiled, method, target)[0] == "200 OK"
    assert parity.ask(textbook, method, target)[0] == "405 Method Not Allowed"


def test_reads_are_counted_under_their_route(both):
    labels = {"method": "GET", "route": "^users/(?P<pk>[0-9]+)/?$", "status": "200"}
    before = REGISTRY.get_sample_value("http_requests_total", labels) or 0

    for application in both:
        parity.ask(application, "GET", f"/users/{IDS[0]}")

    assert REGISTRY.get_sample_value("http_requests_total", labels) == before + 2


def test_unavailable_database_is_the_same_problem_after_one_attempt(both):
    found = []
    for application in both:
        with parity.broken_database() as attempts:
            status, headers, body = parity.ask(application, "GET", f"/users/{IDS[0]}")
        assert (status, len(attempts)) == ("503 Service Unavailable", 1)
        found.append((sorted(headers), json.loads(body) | {"request_id": ""}))

    assert found[0] == found[1]
    assert found[0][1]["type"] == "urn:problem:database_unavailable"
