"""The gateway rejects cross-site requests, and forms of the services' own pages work."""

import re

import pytest

from tests.api import new_email

FOREIGN = [
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://evil.example"},
    {"Origin": "http://evil.example"},
]


@pytest.mark.parametrize("headers", FOREIGN)
def test_cross_site_request_creates_nothing(gateway, headers):
    email = new_email()

    refused = gateway.post("/users", json={"name": "Eve", "email": email}, headers=headers)

    assert (refused.status_code, refused.json()["type"]) == (403, "urn:problem:cross_site_request")
    assert gateway.get("/users", params={"email": email}).json()["results"] == []


@pytest.mark.parametrize("service", ["user", "order"])
@pytest.mark.parametrize("sends_site", [True, False])
def test_sign_in_form_of_an_admin_works(gateway, service, sends_site):
    page = f"/admin/{service}/login/"
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', gateway.get(page).text)[1]
    form = {"csrfmiddlewaretoken": token, "username": "unknown", "password": "wrong"}
    headers = {"Origin": gateway.url} | ({"Sec-Fetch-Site": "same-origin"} if sends_site else {})

    own = gateway.post(page, data=form, headers=headers)
    foreign = gateway.post(page, data=form, headers=FOREIGN[0])

    assert (own.status_code, "errornote" in own.text) == (200, True)  # the name and password are wrong
    assert foreign.status_code == 403


def test_form_of_the_browsable_api_works(gateway):
    email = new_email()
    headers = {"Origin": gateway.url, "Sec-Fetch-Site": "same-origin", "Accept": "text/html"}

    created = gateway.post("/users", json={"name": "Ada", "email": email}, headers=headers)

    assert (created.status_code, email in created.text) == (201, True)
