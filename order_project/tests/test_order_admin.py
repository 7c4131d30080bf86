import time
from threading import Event, Thread

import pytest
from django.db import connection, transaction

from orders.models import Order


def test_order_links_to_its_user_in_the_other_admin(admin_client, make_order):
    order = make_order(user_id=42)

    listed = admin_client.get("/admin/order/orders/order/?q=42").text
    shown = admin_client.get(f"/admin/order/orders/order/{order.id}/change/").text

    assert '<a href="/admin/user/users/user/42/change/">User&nbsp;42</a>' in listed
    assert '<a href="/admin/user/users/user/42/change/">User&nbsp;42</a>' in shown


def test_order_cannot_be_added_or_reassigned(admin_client, make_order):
    order = make_order(user_id=42)

    adding = admin_client.get("/admin/order/orders/order/add/")
    admin_client.post(
        f"/admin/order/orders/order/{order.id}/change/",
        {"user_id": 43, "product_name": "Phone", "quantity": 2},
    )

    assert adding.status_code == 403
    order.refresh_from_db()
    assert (order.user_id, order.product_name, order.quantity) == (42, "Phone", 2)


@pytest.mark.django_db(transaction=True)
def test_change_waits_for_a_concurrent_transition_and_is_refused(admin_client, make_order):
    order, locked = make_order(), Event()

    def cancel():
        with transaction.atomic():
            Order.objects.select_for_update().get().transition(Order.Status.CANCELLED)
            locked.set()
            wait_for_lock()
        connection.close()

    def wait_for_lock():
        waiting = (
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
        for _ in range(500):
            with connection.cursor() as cursor:
                cursor.execute(waiting)
                if cursor.fetchone()[0]:
                    return
            time.sleep(0.01)

    thread = Thread(target=cancel)
    thread.start()
    assert locked.wait(10)
    response = admin_client.post(
        f"/admin/order/orders/order/{order.id}/change/", {"product_name": "Phone", "quantity": 2}
    )
    thread.join(10)

    order.refresh_from_db()
    assert response.status_code == 403
    assert (order.status, order.product_name) == ("cancelled", "Laptop")


def test_orders_are_searched_by_product_and_filtered_by_status(admin_client, make_order):
    make_order(product_name="Laptop")
    make_order(product_name="Phone", status="cancelled")

    assert "Phone" not in admin_client.get("/admin/order/orders/order/?q=laptop").text
    assert "Laptop" not in admin_client.get("/admin/order/orders/order/?status__exact=cancelled").text


@pytest.mark.django_db(transaction=True)
def test_page_without_a_database_is_a_503_with_retry_after(admin_client):
    connection.close()
    connection.settings_dict["PORT"], port = "1", connection.settings_dict["PORT"]
    try:
        response = admin_client.get("/admin/order/orders/order/")
    finally:
        connection.close()
        connection.settings_dict["PORT"] = port

    assert (response.status_code, response["Retry-After"]) == (503, "1")
    assert response.json()["type"] == "urn:problem:database_unavailable"


def test_newest_orders_come_first(admin_client, make_order):
    older, newer = make_order(), make_order()

    listed = admin_client.get("/admin/order/orders/order/").text

    assert listed.index(f"/order/{newer.id}/change/") < listed.index(f"/order/{older.id}/change/")
