"""Orders are written by a statement that is put together once, and read without ``__init__``: all else as in Django."""

from datetime import UTC, datetime

import pytest
from django.db.models import Value
from django.db.models.functions import Lower
from django.db.models.signals import post_save
from django.db.models.sql.compiler import SQLInsertCompiler

from chassis import models
from orders.models import Order

pytestmark = pytest.mark.django_db

LONG_AGO = datetime(2001, 1, 1, tzinfo=UTC)


@pytest.fixture
def put_together(monkeypatch):
    """The statements that Django puts together."""
    models._insert.cache_clear()
    statements = []
    as_sql = SQLInsertCompiler.as_sql

    def note(compiler):
        statements.extend(as_sql(compiler))
        return as_sql(compiler)

    monkeypatch.setattr(SQLInsertCompiler, "as_sql", note)
    return statements


def test_statement_is_put_together_once(put_together, make_order):
    orders = [make_order(product_name=f"Laptop {number}") for number in range(3)]

    assert len(put_together) == 1
    assert [Order.objects.get(pk=order.pk).product_name for order in orders] == [
        "Laptop 0",
        "Laptop 1",
        "Laptop 2",
    ]


def test_a_given_key_is_written_by_a_statement_of_its_own(put_together, make_order):
    make_order()
    make_order(pk=1_000_000)

    assert len(put_together) == 2
    assert Order.objects.filter(pk=1_000_000).exists()


def test_an_expression_is_computed_by_the_database(make_order):
    order = make_order(product_name=Lower(Value("LAPTOP")))

    assert Order.objects.get(pk=order.pk).product_name == "laptop"


def test_raw_data_stay_as_they_are(make_order):
    order = Order(user_id=7, product_name="Laptop", created_at=LONG_AGO, updated_at=LONG_AGO)
    order.save_base(raw=True, force_insert=True)

    assert Order.objects.get(pk=order.pk).created_at == LONG_AGO


def test_a_key_that_becomes_something_else_is_left_to_django(make_order, monkeypatch):
    key = Order._meta.pk
    monkeypatch.setattr(key, "from_db_value", lambda value, *_: -value, raising=False)
    monkeypatch.delattr(key, "cached_col", raising=False)
    models._insert.cache_clear()

    pk = make_order().pk

    models._insert.cache_clear()
    assert pk < 0


def test_statement_that_depends_on_its_values_is_left_to_django(put_together, make_order, monkeypatch):
    field = Order._meta.get_field("product_name")
    monkeypatch.setattr(field, "get_placeholder", lambda *_: "upper(%s)", raising=False)

    order = make_order(product_name="Laptop")

    models._insert.cache_clear()
    assert Order.objects.get(pk=order.pk).product_name == "LAPTOP"


def test_receivers_of_signals_are_told(make_order):
    told = []

    def receive(sender, instance, created, **kwargs):
        told.append((instance.pk, created))

    post_save.connect(receive, sender=Order)
    try:
        order = make_order()
    finally:
        post_save.disconnect(receive, sender=Order)

    assert told == [(order.pk, True)]


def test_row_that_is_read_is_as_django_makes_it(make_order):
    order = make_order()

    read = Order.objects.get(pk=order.pk)

    assert read == order
    assert not read._state.adding
    assert read._state.db == "default"
    assert read.created_at == order.created_at


def test_fields_that_were_not_read_are_deferred(make_order):
    make_order(product_name="Laptop")

    read = Order.objects.only("user_id").get()

    assert read.get_deferred_fields() == {
        "product_name",
        "quantity",
        "status",
        "user_verified_at",
        "created_at",
        "updated_at",
    }
    assert read.product_name == "Laptop"


def test_row_is_made_without_init(make_order, monkeypatch):
    make_order()

    def fail(*args, **kwargs):
        raise AssertionError

    monkeypatch.setattr(Order, "__init__", fail)

    assert Order.objects.get().user_id
