"""Known users, and the effect of user events on orders."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from events.inbox.models import FeedCursor
from events.inbox.subscription import Reading
from known_users.events import CHANGED, DELETED, apply, sweep, sweep_after_replay
from known_users.models import KnownUser
from orders.models import Order
from tests.conftest import KNOWN_USER

pytestmark = pytest.mark.django_db
EPOCH = uuid4()
READING = Reading(EPOCH, 0, is_replaying=False)
NEW_ORDER = {"user_id": KNOWN_USER, "product_name": "Laptop"}


def changed(user_id=KNOWN_USER, version=1, *, is_active=True):
    data = {"id": user_id, "name": "Ada", "is_active": is_active, "version": version}
    return {"id": str(uuid4()), "type": CHANGED, "subject": f"users/{user_id}", "data": data}


def deleted(user_id=KNOWN_USER, version=2):
    data = {"id": user_id, "version": version}
    return {"id": str(uuid4()), "type": DELETED, "subject": f"users/{user_id}", "data": data}


def flags(order):
    order.refresh_from_db()
    return (order.user_deactivated_at is not None, order.user_deleted_at is not None)


def place(user_id=KNOWN_USER, **values):
    return Order.objects.create(user_id=user_id, product_name="Laptop", **values)


def test_placed_orders_of_a_deactivated_user_are_flagged_and_those_of_others_are_not():
    placed, fulfilled, other = place(), place(status="fulfilled"), place(user_id=8)

    apply([changed(version=2, is_active=False), changed(8)], READING)

    assert flags(placed) == (True, False)
    assert flags(fulfilled) == flags(other) == (False, False)
    assert placed.updated_at > placed.created_at


def test_orders_of_a_user_who_is_active_again_lose_their_flag():
    order = place()
    apply([changed(version=2, is_active=False)], READING)

    apply([changed(version=3)], READING)

    assert flags(order) == (False, False)


def test_placed_orders_of_a_deleted_user_are_flagged_and_the_name_is_forgotten():
    order = place()
    apply([changed()], READING)

    apply([deleted()], READING)

    assert flags(order) == (False, True)
    known = KnownUser.objects.get()
    assert (known.state, known.name, known.version) == ("deleted", "", 2)


def test_an_older_event_changes_nothing():
    order = place()
    apply([deleted(version=3)], READING)

    apply([changed(version=2)], READING)

    assert KnownUser.objects.get().state == "deleted"
    assert flags(order) == (False, True)


def test_of_several_events_of_a_user_at_once_the_newest_counts():
    apply([changed(version=1), deleted(version=3), changed(version=2)], READING)

    assert KnownUser.objects.get().state == "deleted"


@pytest.mark.parametrize(
    "broken",
    [
        changed(user_id=True),
        changed(user_id="7"),
        changed(version="1"),
        changed(version=None),
        {**changed(), "subject": "users/8"},
        {**changed(), "data": {"id": 7, "version": 1, "name": 7, "is_active": True}},
        {**changed(), "data": {"id": 7, "version": 1, "name": "Ada", "is_active": "yes"}},
        {**changed(), "data": {"id": 7, "version": 1}},
    ],
    ids=["boolean id", "text id", "text version", "no version", "subject", "name", "is_active", "incomplete"],
)
def test_a_malformed_event_is_refused(broken):
    with pytest.raises((KeyError, TypeError, ValueError)):
        apply([broken], READING)


def test_an_order_that_raced_with_its_users_deletion_is_flagged_by_the_sweep():
    FeedCursor.objects.create(feed="user")
    order = place()
    KnownUser.objects.create(
        user_id=KNOWN_USER, version=2, state="deleted", epoch=EPOCH, generation=0, changed_at=timezone.now()
    )
    assert flags(order) == (False, False)

    sweep()

    assert flags(order) == (False, True)


def test_users_missing_from_a_replay_are_deleted():
    gone, kept = place(user_id=8), place()
    apply([changed(8), changed()], READING)
    again = Reading(EPOCH, 1, is_replaying=True)

    apply([changed()], again)
    sweep_after_replay(again, [])

    assert (flags(gone), flags(kept)) == ((False, True), (False, False))
    assert dict(KnownUser.objects.values_list("user_id", "state")) == {8: "deleted", KNOWN_USER: "active"}


def test_user_with_the_id_of_a_swept_one_is_active():
    apply([changed(version=5)], READING)
    restored = Reading(uuid4(), 1, is_replaying=True)
    sweep_after_replay(restored, [])

    apply([changed(version=1)], restored)

    assert KnownUser.objects.get().state == "active"
    place()  # the database accepts the order


def test_orders_of_a_deleted_user_who_was_restored_as_deactivated_are_flagged_as_such():
    order = place()
    apply([changed(), deleted()], READING)

    apply([changed(version=1, is_active=False)], Reading(uuid4(), 1, is_replaying=True))

    assert flags(order) == (True, False)


def test_a_user_whose_event_could_not_be_applied_is_not_swept():
    order = place()
    apply([changed()], READING)

    sweep_after_replay(Reading(EPOCH, 1, is_replaying=True), [f"users/{KNOWN_USER}", "", "users/x"])

    assert KnownUser.objects.get().state == "active"
    assert flags(order) == (False, False)


def test_an_event_of_a_new_epoch_wins_regardless_of_versions():
    order = place()
    apply([deleted(version=9)], READING)

    apply([changed(version=3)], Reading(uuid4(), 1, is_replaying=True))

    assert KnownUser.objects.get().state == "active"
    assert flags(order) == (False, False)


def test_a_replay_of_the_same_epoch_restores_no_older_version():
    apply([changed(), deleted(version=2)], READING)

    apply([changed(version=1)], Reading(EPOCH, 1, is_replaying=True))

    assert KnownUser.objects.get().state == "deleted"


def test_a_deactivated_user_cannot_order(api, httpserver, settings):
    settings.USER_SERVICE_URL = httpserver.url_for("").rstrip("/")
    httpserver.expect_request("/users/7").respond_with_json({"id": 7, "is_active": False})

    response = api.post("/orders", NEW_ORDER, format="json")

    assert response.status_code == 400
    assert response.json()["errors"] == [
        {"field": "user_id", "code": "inactive_user", "message": "User 7 is deactivated."}
    ]
    assert not Order.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_user_whose_deletion_is_known_cannot_order(api, user_service):
    apply([deleted()], READING)

    response = api.post("/orders", NEW_ORDER, format="json")

    assert response.status_code == 400
    assert response.json()["errors"][0]["code"] == "unknown_user"
    assert not Order.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("key", [{}, {"Idempotency-Key": "key-1"}], ids=["no key", "with a key"])
def test_a_refused_order_of_a_deleted_user_leaves_no_rows(api, user_service, key):
    apply([deleted()], READING)
    api.post("/orders", NEW_ORDER, format="json", headers=key)
    KnownUser.objects.all().delete()

    response = api.post("/orders", NEW_ORDER, format="json", headers=key)

    assert response.status_code == 201


@pytest.mark.parametrize(
    ("event", "code"), [(changed(version=2, is_active=False), "inactive_user"), (deleted(), "unknown_user")]
)
def test_a_cached_user_who_is_deactivated_or_deleted_cannot_order(api, user_service, settings, event, code):
    settings.USER_CACHE_SECONDS = 60
    assert api.post("/orders", NEW_ORDER, format="json").status_code == 201

    apply([event], READING)

    response = api.post("/orders", NEW_ORDER, format="json")
    assert response.status_code == 400
    assert response.json()["errors"][0]["code"] == code


class TestWhileTheUserServiceIsUnavailable:
    @pytest.fixture(autouse=True)
    def outage(self, settings):
        settings.USER_SERVICE_URL = "http://127.0.0.1:1"
        settings.ORDERS_DURING_OUTAGE = True
        self.read_at = timezone.now() - timedelta(minutes=10)
        FeedCursor.objects.create(feed="user", epoch=EPOCH, caught_up_at=self.read_at)

    def test_a_known_active_user_can_order(self, api):
        apply([changed()], READING)

        response = api.post("/orders", NEW_ORDER, format="json")

        assert response.status_code == 201
        assert response.json()["user_verified_at"] == self.read_at.isoformat().replace("+00:00", "Z")

    def test_an_order_of_an_unknown_user_is_a_503(self, api):
        response = api.post("/orders", NEW_ORDER, format="json")

        assert response.status_code == 503
        assert response["Retry-After"]

    @pytest.mark.parametrize("allowed", [True, False])
    @pytest.mark.parametrize(
        ("event", "code"), [(changed(version=2, is_active=False), "inactive_user"), (deleted(), "unknown_user")]
    )
    def test_a_deactivated_or_deleted_user_cannot_order_in_any_mode(self, api, settings, allowed, event, code):
        settings.ORDERS_DURING_OUTAGE = allowed
        apply([event], READING)

        response = api.post("/orders", NEW_ORDER, format="json")

        assert response.status_code == 400
        assert response.json()["errors"][0]["code"] == code

    def test_a_stale_replica_is_not_used(self, api, settings):
        settings.USER_REPLICA_MAX_AGE = 599
        apply([changed()], READING)

        assert api.post("/orders", NEW_ORDER, format="json").status_code == 503

    def test_a_stale_replica_is_not_used_after_the_clock_is_set_back(self, api, settings, monkeypatch):
        settings.USER_REPLICA_MAX_AGE = 599
        apply([changed()], READING)
        an_hour_ago = timezone.now() - timedelta(hours=1)
        monkeypatch.setattr(timezone, "now", lambda: an_hour_ago)

        assert api.post("/orders", NEW_ORDER, format="json").status_code == 503

    @pytest.mark.parametrize(("seconds_ahead", "status"), [(50, 201), (70, 503)])
    def test_a_replica_may_be_ahead_by_the_skew_of_clocks(self, api, seconds_ahead, status):
        apply([changed()], READING)
        FeedCursor.objects.update(caught_up_at=timezone.now() + timedelta(seconds=seconds_ahead))

        assert api.post("/orders", NEW_ORDER, format="json").status_code == status

    def test_by_default_an_order_is_a_503(self, api, settings):
        settings.ORDERS_DURING_OUTAGE = False
        apply([changed()], READING)

        assert api.post("/orders", NEW_ORDER, format="json").status_code == 503


def test_orders_are_found_by_their_flags(api):
    deactivated, gone, plain = place(), place(user_id=8), place(user_id=9)
    apply([changed(version=2, is_active=False), deleted(8)], READING)

    def found(query):
        return [order["id"] for order in api.get(f"/orders?{query}").json()["results"]]

    assert found("user_deactivated_at__isnull=false") == [deactivated.pk]
    assert found("user_deleted_at__isnull=false") == [gone.pk]
    assert found("user_deleted_at__isnull=true&user_deactivated_at__isnull=true") == [plain.pk]


def test_flags_are_read_only(api):
    order = place()

    api.patch(f"/orders/{order.pk}", {"user_deleted_at": "2026-01-01T00:00:00Z", "quantity": 2}, format="json")

    assert flags(order) == (False, False)
    assert order.quantity == 2


def test_the_admin_shows_and_filters_flags(admin_client):
    place()
    gone = place(user_id=8)
    apply([deleted(8)], READING)

    page = admin_client.get("/admin/order/orders/order/?user_deleted_at__isempty=0").content.decode()

    assert f"/order/{gone.pk}/change/" in page
    assert "1 order" in page
    assert "deleted" in page
