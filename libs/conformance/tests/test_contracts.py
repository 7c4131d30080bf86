"""Verification of contracts against a service with one view."""

import json

import django
import pytest
from django.conf import settings
from django.http import JsonResponse
from django.test import Client
from django.urls import path

from conformance.contracts import interactions_with, verify

NUMBERS = {"7"}  # of existing books


def book(request, number):
    body = {"id": int(number), "title": "Emma"} if number in NUMBERS else {"detail": "No such book."}
    return JsonResponse(body, status=200 if number in NUMBERS else 404)


urlpatterns = [path("books/<number>", book)]


EXISTS = {
    "given": "the book exists",
    "request": {"method": "GET", "path": "/books/{id}"},
    "response": {"status": 200, "content_type": "application/json", "body": {"id": "{id}"}},
}


@pytest.fixture(scope="module")
def client():
    settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"])
    django.setup()
    return Client()


def changed(**response):
    return EXISTS | {"response": EXISTS["response"] | response}


def test_response_with_additional_members_satisfies_the_contract(client):
    verify(client, EXISTS, 7)


@pytest.mark.parametrize(
    "interaction",
    [
        changed(status=404),
        changed(content_type="text/html"),
        changed(body={"id": "{id}", "author": "Austen"}),
        changed(body={"id": 0}),
        changed(body=[]),
        EXISTS | {"given": "no book exists"},
    ],
)
def test_broken_contract_fails(client, interaction):
    with pytest.raises(AssertionError):
        verify(client, interaction, 7)


def test_interactions_of_all_callers_are_found(tmp_path):
    for folder in (tmp_path / "contracts", tmp_path / "shop_project" / "contracts"):
        folder.mkdir(parents=True)
        (folder / "library_service.json").write_text(json.dumps({"interactions": [EXISTS]}))
        (folder / "other_service.json").write_text(json.dumps({"interactions": [EXISTS]}))

    assert [*interactions_with("library", tmp_path)] == [EXISTS, EXISTS]
