from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from rest_framework.exceptions import ValidationError
from rest_framework.test import APIClient

from users.models import User
from users.serializers import UserSerializer

TAKEN = [{"field": "email", "code": "unique", "message": "Another user has this e-mail address."}]


@pytest.mark.django_db
def test_second_user_with_the_address_in_other_case_is_refused(api, make_user):
    make_user(email="ada@example.com")

    refused = api.post("/users", {"name": "Eve", "email": "ADA@EXAMPLE.com"}, format="json")

    assert (refused.status_code, refused.json()["errors"]) == (400, TAKEN)
    assert User.objects.count() == 1


@pytest.mark.django_db
def test_change_to_a_taken_address_is_refused_and_changes_nothing(api, make_user):
    make_user(email="ada@example.com")
    eve = make_user(name="Eve", email="eve@example.com")

    refused = api.patch(f"/users/{eve.id}", {"name": "Ada", "email": "ADA@example.com"}, format="json")

    assert (refused.status_code, refused.json()["errors"]) == (400, TAKEN)
    eve.refresh_from_db()
    assert (eve.name, eve.email) == ("Eve", "eve@example.com")


@pytest.mark.django_db
def test_own_address_can_be_written_in_another_case(api, make_user):
    ada = make_user(email="ada@example.com")

    changed = api.patch(f"/users/{ada.id}", {"email": "Ada@Example.com"}, format="json")

    assert (changed.status_code, changed.json()["email"]) == (200, "Ada@Example.com")


@pytest.mark.django_db(transaction=True)
def test_one_of_twenty_concurrent_creations_wins_and_the_others_get_the_same_error(settings):
    start = Barrier(20)

    def create(number: int):
        try:
            start.wait(10)
            email = "race@example.com" if number % 2 else "RACE@example.com"
            response = APIClient().post("/users", {"name": f"Racer {number}", "email": email}, format="json")
            return response.status_code, response.json().get("errors")
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as pool:
        responses = sorted(pool.map(create, range(20)), key=lambda response: response[0])

    assert responses[0][0] == 201
    assert responses[1:] == [(400, TAKEN)] * 19
    assert User.objects.count() == 1


@pytest.mark.django_db
def test_another_broken_constraint_is_not_mistaken_for_a_taken_address(api, make_user, monkeypatch):
    monkeypatch.setattr("users.serializers.EMAIL_CONSTRAINT", "some_other_constraint")
    make_user(email="ada@example.com")
    api.raise_request_exception = False

    response = api.post("/users", {"name": "Eve", "email": "ada@example.com"}, format="json")

    assert response.status_code == 500


@pytest.mark.django_db
def test_transaction_of_the_caller_continues_after_a_duplicate(make_user):
    make_user(email="ada@example.com")
    emails = ["eve@example.com", "ADA@example.com", "bob@example.com"]
    refused = []

    with transaction.atomic():
        for email in emails:
            serializer = UserSerializer(data={"name": "Ada", "email": email})
            serializer.is_valid(raise_exception=True)
            try:
                serializer.save()
            except ValidationError:
                refused.append(email)

    assert refused == ["ADA@example.com"]
    assert {*User.objects.values_list("email", flat=True)} == {"ada@example.com", "eve@example.com", "bob@example.com"}


@pytest.mark.django_db(transaction=True)
def test_user_is_created_in_one_statement_outside_of_a_transaction(api):
    with CaptureQueriesContext(connection) as queries:
        assert api.post("/users", {"name": "Ada", "email": "ada@example.com"}, format="json").status_code == 201

    statements = [query["sql"] for query in queries]
    assert "BEGIN" not in statements
    assert len([sql for sql in statements if f'"{User._meta.db_table}"' in sql]) == 1
