import json

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from events.outbox.models import Event
from users.models import User

JOHN = {"name": "John", "email": "john@example.com"}


@pytest.mark.django_db
def test_changes_of_a_user_are_published_without_the_email_address(api):
    user = api.post("/users", JOHN, format="json").json()
    api.patch(f"/users/{user['id']}", {"is_active": False}, format="json")
    api.delete(f"/users/{user['id']}")

    events = json.loads(api.get("/events").content)

    assert [(event["type"], event["subject"], event["data"]) for event in events] == [
        (
            "com.example.user.changed.v1",
            f"users/{user['id']}",
            {"id": user["id"], "name": "John", "is_active": True, "version": 1},
        ),
        (
            "com.example.user.changed.v1",
            f"users/{user['id']}",
            {"id": user["id"], "name": "John", "is_active": False, "version": 2},
        ),
        ("com.example.user.deleted.v1", f"users/{user['id']}", {"id": user["id"], "version": 3}),
    ]
    assert "john@example.com" not in json.dumps(events)


@pytest.mark.django_db
def test_a_change_in_the_admin_is_published(admin_client):
    admin_client.post("/admin/user/users/user/add/", JOHN)

    assert [event.data["is_active"] for event in Event.objects.all()] == [False]  # the box was not ticked


@pytest.mark.django_db(transaction=True)
def test_the_migration_publishes_an_event_of_each_existing_user():
    executor = MigrationExecutor(connection)
    executor.migrate([("users", "0002_search"), ("outbox", None)])
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO users_user (name, email, created_at, updated_at)"
            " SELECT 'User ' || n, n || '@example.com', now(), now() FROM generate_series(1, 12345) AS n"
        )

    call_command("migrate", verbosity=0)

    assert User.objects.filter(is_active=True, version=1).count() == 12_345
    assert Event.objects.filter(version=1, position=None, data__is_active=True).count() == 12_345
    assert Event.objects.count() == 12_345
