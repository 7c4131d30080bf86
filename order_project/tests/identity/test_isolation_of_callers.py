"""A caller cannot observe or change the orders and idempotency keys of other callers.

Each generated request is sent twice: with and without orders and keys of others. The responses must be equal.
"""

import json
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conformance.generated import generated
from idempotency.models import IdempotencyKey
from orders.models import Order
from tests.identity.conftest import ADA, CLERK, EVE, identity

MINE, CLOSED, OTHER, UNKNOWN, NEW = 100, 102, 101, 99, 500
CHANGING = {"created_at", "updated_at", "user_verified_at"}
SENT = ("Allow", "Content-Type", "Location", "Idempotent-Replayed", "Retry-After", "Vary")


@pytest.fixture(scope="module", params=["test client, speedups on"])
def served(request, start_service):
    """The service without an HTTP server, for speed: it receives thousands of requests."""
    with start_service(request.param) as ask:
        yield ask


def set_up(*, with_others, key="done"):
    """Create the orders of the caller and, if wanted, orders and keys of others; ``key`` is Eve's."""
    Order.objects.all().delete()
    IdempotencyKey.objects.all().delete()
    rows = [(MINE, 7, "Phone", "placed"), (CLOSED, 7, "Lamp", "fulfilled")]
    rows += [(OTHER, 8, "Phone", "placed"), (103, 8, "Book", "cancelled"), (104, 9, "Pen", "placed")] * with_others
    for pk, user_id, name, status in rows:
        order = Order(pk=pk, user_id=user_id, product_name=name, status=status)
        order.save(force_insert=True)
        created_at = datetime(2026, 1, 1 + pk % 7, tzinfo=UTC)
        Order.objects.filter(pk=pk).update(created_at=created_at, updated_at=created_at)
    if with_others:
        IdempotencyKey.objects.claim(key.replace("done", "busy"), "of another", timedelta(minutes=1))
        done = IdempotencyKey.objects.claim(key, "of another", timedelta(minutes=1))
        IdempotencyKey.objects.complete(done, status=201, body=b"{}", location="/orders/101")
    with connection.cursor() as cursor:
        cursor.execute("SELECT setval(pg_get_serial_sequence('orders_order', 'id'), %s)", [NEW])


def rows_of_others():
    keys = IdempotencyKey.objects.filter(fingerprint="of another").order_by("key")
    return [*Order.objects.exclude(user_id=7).values()], [*keys.values()]


def without_timestamps(value):
    if isinstance(value, dict):
        return {name: without_timestamps(one) for name, one in value.items() if name not in CHANGING | {"request_id"}}
    return [without_timestamps(one) for one in value] if isinstance(value, list) else value


def comparable(response):
    """Return the status, headers and body of a response, without timestamps."""
    headers = {name: response.headers.get(name) for name in SENT}
    return response.status, headers, response.content and without_timestamps(response.json)


numbers = st.sampled_from([MINE, CLOSED, OTHER, 103, 104, UNKNOWN])
users = st.sampled_from([7, 8, 9, 99])
texts = st.sampled_from(["phone", "book", "p", "lamp", "phone lamp", "8", "Phone"])
datetimes = st.builds("2026-01-0{}T00:00:00Z".format, st.integers(1, 8))
booleans = st.sampled_from(["true", "false"])


@pytest.fixture
def targets(secured):
    """Strategies for URLs. Cursors and ETags come from responses to a caller with access to all orders."""
    set_up(with_others=True)
    cursors, etags = set(), set()
    for query in ("", "&ordering=-id", "&ordering=created_at", "&ordering=-created_at", "&search=p"):
        path = f"/orders?page_size=1{query}"
        while path:
            page = secured("GET", path, **identity(CLERK)).json
            links = [link for link in (page["next"], page["previous"]) if link]
            cursors |= {link.partition("cursor=")[2].partition("&")[0] for link in links}
            path = page["next"] and page["next"].removeprefix("http://127.0.0.1")
    for pk in (MINE, CLOSED, OTHER):
        etags.add(secured("GET", f"/orders/{pk}", **identity(CLERK)).headers["ETag"])
    assert len(cursors) > 10
    query = st.fixed_dictionaries(
        {},
        optional={
            "user_id": users,
            "status": st.sampled_from(["placed", "fulfilled", "cancelled"]),
            "id__in": st.lists(numbers, min_size=1, max_size=4).map(lambda some: ",".join(map(str, some))),
            "search": texts,
            "ordering": st.sampled_from(["id", "-id", "created_at", "-created_at", "user_id"]),
            "created_at__gte": datetimes,
            "created_at__lt": datetimes,
            "user_deleted_at__isnull": booleans,
            "user_deactivated_at__isnull": booleans,
            "page_size": st.sampled_from([1, 2, 50]),
            "cursor": st.sampled_from(sorted(cursors)),
            "owner": users,
            "format": st.just("json"),
        },
    )
    lists = st.builds(lambda query: f"/orders?{urlencode(query, safe=':%')}", query)
    actions = st.sampled_from(["", "/", "/cancel", "/fulfil/"])
    objects = st.builds("/orders/{}{}".format, numbers, actions)
    return st.one_of(lists, objects, objects), sorted(etags)


bodies = st.fixed_dictionaries(
    {},
    optional={
        "user_id": users,
        "product_name": st.sampled_from(["Phone", "Book"]),
        "quantity": st.sampled_from([1, 2, 0]),
        "id": numbers,
        "status": st.just("cancelled"),
    },
)


@pytest.fixture
def key_of_eve(secured):
    """Eve's key ``done`` as the service stores it."""
    secured("POST", "/orders", {"user_id": 8, "product_name": "Book"}, Idempotency_Key="done", **identity(EVE))
    return IdempotencyKey.objects.get().key


def test_responses_do_not_depend_on_other_callers(secured, key_of_eve, targets):
    paths, etags = targets
    headers = st.fixed_dictionaries(
        {},
        optional={
            "If_Match": st.sampled_from([*etags, "*"]),
            "If_None_Match": st.sampled_from([*etags, "*"]),
            "Idempotency_Key": st.sampled_from(["busy", "done", "new", '"done"']),
            "X_HTTP_Method_Override": st.just("DELETE"),
            "X_User": st.just("8"),
            "X_User_Id": st.just("8"),
        },
    )
    methods = st.sampled_from(["GET", "GET", "GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"])

    # Each example sets up the orders twice and sends two requests.
    @settings(generated, max_examples=generated.max_examples * 2 // 5, suppress_health_check=[*HealthCheck])
    @given(methods, paths, bodies, headers)
    def compare(method, path, body, headers):
        sent = None if method in ("GET", "HEAD") else body
        found = []
        for with_others in (True, False):
            set_up(with_others=with_others, key=key_of_eve)
            before = rows_of_others()
            found.append(comparable(secured(method, path, sent, **headers, **identity(ADA))))
            assert rows_of_others() == before
        assert found[0] == found[1]

    compare()
    assert [request.path for request, _ in secured.log].count("/users/8") == 1  # Eve's


def test_eve_owns_orders_of_others(secured):
    set_up(with_others=True)

    response = secured("GET", "/orders", **identity(EVE))

    assert [order["id"] for order in response.json["results"]] == [OTHER, 103]
    assert json.dumps("Book") in response.content.decode()
