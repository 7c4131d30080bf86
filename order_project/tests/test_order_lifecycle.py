from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection
from rest_framework.test import APIClient

from orders.models import Order


@pytest.mark.django_db
@pytest.mark.parametrize(("action", "status"), [("fulfil", "fulfilled"), ("cancel", "cancelled")])
def test_repeated_transition_changes_nothing(api, make_order, action, status):
    order = make_order()

    first = api.post(f"/orders/{order.id}/{action}")
    second = api.post(f"/orders/{order.id}/{action}/")

    assert (first.status_code, first.json()["status"]) == (200, status)
    assert (second.status_code, second.json()) == (200, first.json())


@pytest.mark.django_db
@pytest.mark.parametrize(("status", "action"), [("fulfilled", "cancel"), ("cancelled", "fulfil")])
def test_closed_order_rejects_the_other_transition(api, make_order, status, action):
    order = make_order(status=status)

    refused = api.post(f"/orders/{order.id}/{action}")

    assert (refused.status_code, refused.json()["type"]) == (409, "urn:problem:invalid_transition")
    assert refused.json()["detail"].startswith(f"Order {order.id} is {status} and cannot become")
    order.refresh_from_db()
    assert order.status == status


@pytest.mark.django_db
@pytest.mark.parametrize("action", ["fulfil", "cancel"])
def test_transition_of_an_unknown_order_is_not_found(api, action):
    assert api.post(f"/orders/1/{action}").status_code == 404
    assert api.get(f"/orders/1/{action}").status_code == 405


@pytest.mark.django_db
@pytest.mark.parametrize("action", ["fulfil", "cancel"])
def test_transition_respects_if_match(api, make_order, action):
    order = make_order()
    etag = api.get(f"/orders/{order.id}")["ETag"]
    Order.objects.update(quantity=2)

    refused = api.post(f"/orders/{order.id}/{action}", headers={"if-match": etag})
    etag = api.get(f"/orders/{order.id}")["ETag"]
    moved = api.post(f"/orders/{order.id}/{action}", headers={"if-match": etag})

    assert (refused.status_code, refused.json()["type"]) == (412, "urn:problem:precondition_failed")
    assert moved.status_code == 200


@pytest.mark.django_db(transaction=True)
def test_one_of_two_racing_transitions_gets_409(make_order):
    for _ in range(5):
        order = make_order()
        start = Barrier(2)

        def move(action, order=order, start=start):
            try:
                start.wait(5)
                return APIClient().post(f"/orders/{order.id}/{action}").status_code
            finally:
                connection.close()

        with ThreadPoolExecutor(2) as pool:
            statuses = list(pool.map(move, ["fulfil", "cancel"]))

        assert sorted(statuses) == [200, 409]
        order.refresh_from_db()
        assert order.status == ("fulfilled" if statuses[0] == 200 else "cancelled")


@pytest.mark.django_db
@pytest.mark.parametrize("status", ["fulfilled", "cancelled"])
def test_closed_order_is_read_only(api, make_order, status):
    order = make_order(status=status)

    patched = api.patch(f"/orders/{order.id}", {"quantity": 2}, format="json")

    assert (patched.status_code, patched.json()["type"]) == (409, "urn:problem:order_closed")
    order.refresh_from_db()
    assert order.quantity == 1


@pytest.mark.django_db
def test_update_that_races_with_a_transition_is_rejected_under_the_lock(api, make_order, monkeypatch):
    order = make_order()
    read = Order.objects.get(id=order.id)
    Order.objects.filter(id=order.id).update(status="cancelled")
    monkeypatch.setattr("orders.views.OrderViewSet.get_object", lambda self: read)

    assert api.patch(f"/orders/{order.id}", {"quantity": 2}, format="json").status_code == 409


def test_admin_action_cancels_orders_and_names_the_closed_ones(admin_client, make_order):
    placed, fulfilled = make_order(), make_order(status="fulfilled")
    selection = {"action": "cancel", "_selected_action": [placed.id, fulfilled.id]}

    page = admin_client.post("/admin/order/orders/order/", selection, follow=True).text

    assert f"Order {placed.id} is cancelled." in page
    assert f"Order {fulfilled.id} is fulfilled and cannot become cancelled." in page
    placed.refresh_from_db()
    assert placed.status == "cancelled"


def test_admin_fulfils_orders(admin_client, make_order):
    order = make_order()

    admin_client.post("/admin/order/orders/order/", {"action": "fulfil", "_selected_action": [order.id]})

    order.refresh_from_db()
    assert order.status == "fulfilled"


def test_admin_shows_a_closed_order_read_only(admin_client, make_order):
    order = make_order(status="cancelled")

    admin_client.post(f"/admin/order/orders/order/{order.id}/change/", {"product_name": "Phone", "quantity": 2})

    order.refresh_from_db()
    assert (order.product_name, order.quantity) == ("Laptop", 1)
