"""Compiled reads return the same responses as the views: status, headers and body."""

from datetime import UTC, datetime

import parity
import pytest
from hypothesis import given

import speedups
from orders.models import Order
from orders.views import OrderViewSet

pytestmark = pytest.mark.skipif(not speedups.ENABLED, reason="SPEEDUPS=off disables compiled reads")

IDS = range(1_000_000, 1_000_005)


@pytest.fixture
def both(db, settings):
    """The WSGI application with and without compiled reads."""
    settings.ACCESS_LOG = False
    for pk, name in zip(IDS, parity.ODD_TEXTS, strict=True):
        Order.objects.create(pk=pk, product_name=name, user_id=2**62)
    verified_at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    Order.objects.filter(pk=IDS[0]).update(status="cancelled", user_verified_at=verified_at)
    return parity.applications(settings)


def test_response_equals_that_of_the_view(both):
    compiled, textbook = both
    seen = parity.sample_values(textbook, "orders", IDS)

    @parity.many
    @given(parity.methods, parity.targets("orders", IDS, seen.cursors), parity.header_fields(seen.etags))
    def compare(method, target, headers):
        expected = parity.ask(textbook, method, target, headers)
        assert parity.ask(compiled, method, target, headers) == expected

    compare()


@pytest.mark.parametrize("target", [f"/orders/{IDS[0]}", "/orders"])
def test_plain_reads_do_not_reach_the_view(both, monkeypatch, target):
    compiled, _ = both
    assert parity.ask(compiled, "GET", target)[0] == "200 OK"
    monkeypatch.setattr(OrderViewSet, "http_method_names", ["options"])

    assert parity.ask(compiled, "GET", target)[0] == "200 OK"
