"""With many orders, lists read only the rows they show, and migrations do not block writers."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from lists.pagination import KeysetPagination
from orders.models import Order

INSERT = """
    INSERT INTO orders_order (user_id, product_name, quantity, status, created_at, updated_at)
    SELECT 1 + n %% 5000, 'Laptop', 1, CASE WHEN n %% 10 = 0 THEN 'fulfilled' ELSE 'placed' END,
           timestamptz '2026-01-01' + (n / 3) * interval '1 second', now()
    FROM generate_series(1, %s) AS n
"""


NARROWED = ["", "user_id=77", "status=fulfilled", "user_id=77&status=placed"]
BOUNDED = [
    f"{query}&created_at__gte=2026-01-01T00:00:00Z&created_at__lt=2026-01-05T00:00:00Z".removeprefix("&")
    for query in NARROWED
]
OF_A_USER = {"Bitmap Heap Scan", "Bitmap Index Scan", "Sort"}
MOST_BLOCKS = 100  # of 1,500


def insert_orders(count):
    with connection.cursor() as cursor:
        cursor.execute(INSERT, [count])
        cursor.execute("ANALYZE orders_order")


def nodes(plan):
    yield plan
    for child in plan.get("Plans", []):
        yield from nodes(child)


def read_and_explain(api, address):
    """Return the page and the executed plan of its query."""
    with CaptureQueriesContext(connection) as queries:
        page = api.get(address)
    assert page.status_code == 200, page.content
    (query,) = (one for one in queries.captured_queries if "orders_order" in one["sql"])
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + query["sql"].replace("%", "%%"), [])
        (plan,) = cursor.fetchone()
    plan = plan if isinstance(plan, list) else json.loads(plan)
    return page.json(), plan[0]["Plan"]


def page_behind(order, ordering, query):
    """Return the URL of the page after ``order``, as in a ``next`` link."""
    field = ordering.removeprefix("-")
    value = Order._meta.get_field(field).value_to_string(order)
    cursor = KeysetPagination.signer.sign_object([ordering, False, value, order.id])
    return f"/orders?cursor={cursor}&ordering={ordering}&{query}"


@pytest.mark.django_db(transaction=True)
def test_every_page_of_many_orders_uses_an_index_and_reads_as_little_as_the_first(api):
    insert_orders(100_000)
    ids = [10_000, 50_000, 90_000]
    orders = list(Order.objects.filter(id__in=[Order.objects.order_by("id")[0].id + number for number in ids]))

    for ordering in ["id", "-id", "created_at", "-created_at"]:
        for query in [*NARROWED, *(BOUNDED if ordering.endswith("created_at") else [])]:
            # All twenty orders of a user may be read and sorted.
            kinds_of_plan = {"Limit", "Index Scan"} | (OF_A_USER if "user_id" in query else set())
            _, first = read_and_explain(api, f"/orders?ordering={ordering}&{query}")
            for order in orders:
                page, plan = read_and_explain(api, page_behind(order, ordering, query))
                kinds = {node["Node Type"] for node in nodes(plan)}

                assert page["results"], (ordering, query)
                assert kinds <= kinds_of_plan, (ordering, query, kinds)
                assert blocks(plan) <= blocks(first) + 10 < MOST_BLOCKS, (ordering, query, order.id)


def blocks(plan):
    return plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]


@pytest.mark.django_db(transaction=True)
def test_migrations_on_a_hundred_thousand_orders_do_not_block_writers():
    """The writer has a ``lock_timeout`` of one second."""
    call_command("migrate", "idempotency", "zero", verbosity=0)
    call_command("migrate", "orders", "0001", verbosity=0)
    insert_orders(100_000)
    done, started = Event(), Event()

    def write():
        written = 0
        try:
            with connection.cursor() as cursor:
                cursor.execute("SET lock_timeout = '1s'")
                while not done.is_set() or written == 0:
                    cursor.execute(INSERT, [1])
                    started.set()
                    written += 1
                    time.sleep(0.005)  # leaves CPU time to the migrations
            return written
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write)
        started.wait(10)
        try:
            call_command("migrate", verbosity=0)
        finally:
            done.set()
        written = writing.result()

    assert Order.objects.count() == 100_000 + written
