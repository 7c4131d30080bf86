import pytest
from django.core.management import CommandError, call_command

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
        "6 demo orders created, 0 were there.",
        "0 demo orders created, 6 were there.",
    ]
    assert set(Order.objects.values_list("user_id", flat=True)) == set(two_users)


def test_user_service_that_does_not_answer_is_named(db, httpserver, settings):
    settings.USER_SERVICE_URL = httpserver.url_for("").rstrip("/")

    with pytest.raises(CommandError, match="The user service does not answer"):
        call_command("seed_demo")
