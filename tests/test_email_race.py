"""An e-mail address belongs to one user, even if several are created at the same moment."""

import threading
from concurrent.futures import ThreadPoolExecutor

from tests.api import new_email
from tests.databases import fetch_all

RACERS = 20


def test_one_of_twenty_simultaneous_creations_succeeds(system):
    email = new_email()
    barrier = threading.Barrier(RACERS)

    def create(number):
        with system.gateway.client() as client:
            client.get("/health")  # opens the connection
            barrier.wait()
            return client.post("/users", json={"name": "John", "email": email.upper() if number % 2 else email})

    with ThreadPoolExecutor(RACERS) as pool:
        responses = list(pool.map(create, range(RACERS)))

    assert sorted(response.status_code for response in responses) == [201] + [400] * (RACERS - 1)
    rows = fetch_all(system.database_urls["user"], "SELECT id FROM users_user WHERE lower(email) = lower(%s)", email)
    (winner,) = (response.json() for response in responses if response.status_code == 201)
    assert rows == [(winner["id"],)]
