from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event

import pytest
from django.core.management import call_command
from django.db import connection, connections
from django.db.models import F
from django.test import Client
from rest_framework.test import APIClient

from idempotency.models import IdempotencyKey
from known_users.verification import verify_user
from orders.models import Order
from orders.views import OrderViewSet
from tests.conftest import KNOWN_USER

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("user_service")]

LAPTOP = {"user_id": KNOWN_USER, "product_name": "Laptop"}


def place(key="key-1", order=LAPTOP, api=None, path="/orders"):
    return (api or APIClient()).post(path, order, format="json", headers={"idempotency-key": key})


def move_time(**delta):
    """Age the keys by ``delta``, without sleeping."""
    step = timedelta(**delta)
    IdempotencyKey.objects.update(
        created_at=F("created_at") - step,
        locked_until=F("locked_until") - step,
        expires_at=F("expires_at") - step,
    )


def test_retry_gets_the_first_response_byte_for_byte():
    first = place()
    again = place('"key-1"')

    assert first.status_code == again.status_code == 201
    assert again.content == first.content
    assert again["Location"] == first["Location"]
    assert again["Content-Type"] == first["Content-Type"] == "application/json"
    assert "Idempotent-Replayed" not in first
    assert again["Idempotent-Replayed"] == "true"
    assert Order.objects.count() == 1


def test_retry_gets_the_first_response_after_a_change_of_the_order_and_during_an_outage(api, settings):
    first = place()
    Order.objects.update(quantity=5)
    settings.USER_SERVICE_URL = "http://127.0.0.1:1"

    assert place().content == first.content


def test_order_of_json_members_does_not_matter():
    first = place()

    assert place(order=dict(reversed(LAPTOP.items()))).content == first.content


def test_slash_at_the_end_of_the_address_does_not_matter():
    first = place()

    again = place(path="/orders/")

    assert (again.content, again["Idempotent-Replayed"]) == (first.content, "true")


def test_key_of_another_request_is_rejected():
    place()

    refused = place(order=LAPTOP | {"quantity": 2})

    assert (refused.status_code, refused.json()["type"]) == (422, "urn:problem:idempotency_key_reused")
    assert Order.objects.count() == 1


def test_other_keys_and_no_key_place_new_orders(api):
    place("a")
    place("b")
    api.post("/orders", LAPTOP, format="json")
    api.post("/orders", LAPTOP, format="json")

    assert Order.objects.count() == 4


def test_keys_of_users_of_another_authentication_class_are_apart(django_user_model):
    clients = [APIClient() for _ in range(3)]
    for number, client in enumerate(clients[:2]):
        client.force_authenticate(django_user_model.objects.create_user(f"user-{number}"))

    first = [place(api=client) for client in clients]
    again = [place(api=client) for client in clients]

    assert len({response.json()["id"] for response in first}) == len(clients)
    assert [response.content for response in again] == [response.content for response in first]


@pytest.mark.parametrize("key", ["", "x" * 256, "a b"])
def test_invalid_key_is_rejected(key):
    refused = place(key)

    assert refused.status_code == 400
    assert refused.json()["errors"] == [
        {
            "field": "Idempotency-Key",
            "code": "invalid_idempotency_key",
            "message": "Must be 1 to 255 visible ASCII characters.",
        }
    ]
    assert not Order.objects.exists()


def test_key_of_a_rejected_request_can_be_reused_for_a_corrected_one():
    refused = place(order=LAPTOP | {"user_id": 8})
    placed = place()

    assert (refused.status_code, placed.status_code) == (400, 201)
    assert not IdempotencyKey.objects.exclude(status=201).exists()


def test_key_can_be_reused_after_an_outage(settings, user_service):
    settings.USER_SERVICE_URL = "http://127.0.0.1:1"
    unavailable = place()
    settings.USER_SERVICE_URL = user_service.url_for("").rstrip("/")
    placed = place()

    assert (unavailable.status_code, placed.status_code) == (503, 201)
    assert "Idempotent-Replayed" not in placed


def test_key_can_be_reused_after_a_server_error(monkeypatch):
    client = APIClient(raise_request_exception=False)
    with monkeypatch.context() as patch:
        patch.setattr(OrderViewSet, "render_json", lambda view, response: 1 / 0)
        failed = place(api=client)

    assert failed.status_code == 500
    assert not Order.objects.exists()
    assert place().status_code == 201


def test_key_expires_after_a_day():
    place()
    move_time(hours=23, minutes=59)
    replayed = place()
    move_time(minutes=1)
    placed = place(order=LAPTOP | {"quantity": 2})

    assert replayed["Idempotent-Replayed"] == "true"
    assert (placed.status_code, "Idempotent-Replayed" in placed) == (201, False)
    assert Order.objects.count() == 2


def test_key_is_in_use_during_a_request_and_replayed_afterwards(monkeypatch):
    called, may_respond = Event(), Event()

    def slow_verify_user(user_id):
        called.set()
        may_respond.wait(5)
        return verify_user(user_id)

    monkeypatch.setattr("orders.serializers.verify_user", slow_verify_user)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(closing, place)
        called.wait(5)
        during = place()
        other_during = place(order=LAPTOP | {"quantity": 2})
        may_respond.set()

    assert (during.status_code, during["Retry-After"]) == (409, "1")
    assert during.json()["type"] == "urn:problem:idempotency_key_in_use"
    assert other_during.status_code == 422
    assert place().content == first.result().content
    assert Order.objects.count() == 1


def closing(call, *args):
    try:
        return call(*args)
    finally:
        connection.close()


def test_key_is_claimed_before_the_call_to_the_user_service_with_atomic_requests_too(monkeypatch):
    monkeypatch.setitem(connections.settings["default"], "ATOMIC_REQUESTS", True)  # noqa: FBT003
    seen = []

    def slow_verify_user(user_id):
        seen.append((IdempotencyKey.objects.get().status, connection.in_atomic_block))
        return verify_user(user_id)

    monkeypatch.setattr("orders.serializers.verify_user", slow_verify_user)

    assert place().status_code == 201
    assert seen == [(None, False)]


def test_hook_of_a_subclass_runs_with_the_order(monkeypatch):
    def perform_create(view, serializer):
        assert connection.in_atomic_block
        serializer.save(product_name="Phone")

    monkeypatch.setattr(OrderViewSet, "perform_create", perform_create)

    first = place()

    assert (first.status_code, first.json()["product_name"]) == (201, "Phone")
    assert place().content == first.content
    assert Order.objects.count() == 1


def test_claim_of_a_dead_worker_is_taken_over_only_after_its_lock_expires(settings):
    lock = timedelta(seconds=settings.IDEMPOTENCY_LOCK_SECONDS)
    IdempotencyKey.objects.claim("key-1", fingerprint_of_laptop(), lock)

    held = place()
    move_time(seconds=settings.IDEMPOTENCY_LOCK_SECONDS)
    taken = place()

    assert (held.status_code, taken.status_code) == (409, 201)
    assert Order.objects.count() == 1


def fingerprint_of_laptop():
    place("probe")
    fingerprint = IdempotencyKey.objects.get(key="probe").fingerprint
    Order.objects.all().delete()
    return fingerprint


def test_worker_whose_claim_was_taken_over_cannot_commit(monkeypatch, settings):
    """A second worker takes over the claim while the first one waits for the user service."""
    called, may_respond = Event(), Event()
    is_first = iter([True])

    def slow_verify_user(user_id):
        if next(is_first, False):
            called.set()
            may_respond.wait(5)
        return verify_user(user_id)

    monkeypatch.setattr("orders.serializers.verify_user", slow_verify_user)
    with ThreadPoolExecutor(1) as pool:
        late = pool.submit(closing, place)
        called.wait(5)
        move_time(seconds=settings.IDEMPOTENCY_LOCK_SECONDS)
        second = place()
        may_respond.set()

    assert second.status_code == 201
    assert late.result().status_code == 409
    assert Order.objects.count() == 1
    assert place().content == second.content


def test_one_of_many_simultaneous_requests_creates_the_order():
    with ThreadPoolExecutor(20) as pool:
        responses = list(pool.map(lambda _: closing(place), range(40)))

    placed = [response for response in responses if response.status_code == 201]
    assert {response.status_code for response in responses} <= {201, 409}
    assert len({response.content for response in placed}) == 1
    assert sum("Idempotent-Replayed" not in response for response in placed) == 1
    assert Order.objects.count() == 1


def test_purge_deletes_only_expired_keys_in_batches(capsys):
    for number in range(5):
        place(f"old-{number}")
    move_time(hours=24)
    place("new")

    call_command("purge_idempotency_keys", "--batch-size=2")

    assert capsys.readouterr().out == "5 idempotency keys deleted.\n"
    assert [key.key for key in IdempotencyKey.objects.all()] == ["new"]


def test_admin_shows_keys_read_only(admin_client: Client):
    place()

    listed = admin_client.get("/admin/order/idempotency/idempotencykey/").text
    shown = admin_client.get("/admin/order/idempotency/idempotencykey/key-1/change/").text

    assert "key-1" in listed
    assert "Laptop" in shown
    assert 'name="_save"' not in shown
    assert admin_client.get("/admin/order/idempotency/idempotencykey/add/").status_code == 403
    assert admin_client.post("/admin/order/idempotency/idempotencykey/key-1/delete/").status_code == 403
