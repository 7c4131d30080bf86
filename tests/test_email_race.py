"""An e-mail address belongs to one user, even if several are created at the same moment."""

import threading
from concurrent.futures import ThreadPoolExecutor

from tests.api import make_user, new_email
from tests.databases import fetch_all

RACERS = 20


def create_at_once(gateway, emails):
    """Create one user for each address at the same moment, each on its own connection."""
    barrier = threading.Barrier(len(emails))

    def create(email):
        with gateway.client() as client:
            client.get("/health")  # opens the connection
            barrier.wait()
            return client.post("/users", json={"name": "John", "email": email})

    with ThreadPoolExecutor(len(emails)) as pool:
        return list(pool.map(create, emails))


def in_different_cases(email, number):
    """Return spellings of an address that differ only in case."""
    return [
        "".join(letter.upper() if (spelling >> place) & 1 else letter for place, letter in enumerate(email))
        for spelling in range(number)
    ]


def without_request_id(response):
    return {name: value for name, value in response.json().items() if name != "request_id"}


def test_one_of_twenty_simultaneous_creations_succeeds(system):
    email = new_email()

    responses = create_at_once(system.gateway, in_different_cases(email, RACERS))

    assert sorted(response.status_code for response in responses) == [201] + [400] * (RACERS - 1)
    rows = fetch_all(system.database_urls["user"], "SELECT id FROM users_user WHERE lower(email) = lower(%s)", email)
    (winner,) = (response.json() for response in responses if response.status_code == 201)
    assert rows == [(winner["id"],)]


def test_losers_of_the_race_get_the_same_response_as_a_later_request(system, gateway):
    email = new_email()

    responses = create_at_once(system.gateway, in_different_cases(email, RACERS))
    late = gateway.post("/users", json={"name": "John", "email": email.upper()})

    problem = without_request_id(late)
    assert late.status_code == 400
    assert [(error["field"], error["code"]) for error in problem["errors"]] == [("email", "unique")]
    losers = [response for response in responses if response.status_code != 201]
    assert [without_request_id(response) for response in losers] == [problem] * (RACERS - 1)
    assert {response.headers["Content-Type"] for response in losers} == {"application/problem+json"}


def test_update_to_the_address_of_another_user_is_rejected(gateway):
    taken = make_user(gateway)
    user = make_user(gateway)

    response = gateway.patch(f"/users/{user['id']}", json={"email": taken["email"].upper()})

    assert response.status_code == 400
    assert [(error["field"], error["code"]) for error in response.json()["errors"]] == [("email", "unique")]
    assert gateway.get(f"/users/{user['id']}").json() == user
