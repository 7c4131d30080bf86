import pytest
from django.core.management import CommandError, call_command

from orders.management.commands.seed_demo import DEMO_PRODUCTS
from orders.models import Order
from user_client import find_user_ids


@pytest.fixture
def two_users(httpserver, settings):
    settings.USER_SERVICE_URL = httpserver.url_for("").rstrip("/")
    httpserver.expect_request("/users").respond_with_json({"results": [{"id": 3}, {"id": 5}]})
    return find_user_ids()


def test_every_user_gets_orders_once(db, two_users, capsys):
    call_command("seed_demo")
    call_command("seed_demo")

    assert capsys.readouterr().out.splitlines() == [
        "6 demo orders created, 0 already existed.",
        "0 demo orders created, 6 already existed.",
    ]
    assert set(Order.objects.values_list("user_id", flat=True)) == set(two_users)


def test_demo_orders_have_every_status(db, two_users):
    call_command("seed_demo")

    assert set(Order.objects.values_list("status", flat=True)) == {"placed", "fulfilled", "cancelled"}


def test_duplicate_orders_of_customers_are_kept(db, two_users, make_order, capsys):
    for _ in range(2):
        make_order(user_id=two_users[0], product_name=DEMO_PRODUCTS[0][0])

    call_command("seed_demo")

    assert capsys.readouterr().out == "5 demo orders created, 1 already existed.\n"
    assert Order.objects.count() == 7


def test_unavailable_user_service_is_named_with_the_reason(db, httpserver, settings):
    settings.USER_SERVICE_URL = httpserver.url_for("").rstrip("/")
    httpserver.expect_request("/users").respond_with_data(status=401)

    with pytest.raises(CommandError, match="Demo orders need users of the user service: 401 Client Error"):
        call_command("seed_demo")
