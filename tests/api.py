"""Clients of the API, and functions that create users and orders through it."""

import itertools
from typing import Any

import requests

TIMEOUT_SECONDS = 15.0  # longer than any response may take; a timeout means that a server hangs

_numbers = itertools.count(1)


class Client(requests.Session):
    """A requests session whose URLs are paths of one service. Not thread-safe."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url
        self.trust_env = False  # no proxy and no .netrc of the machine

    def request(self, method: str, path: str, **kwargs: Any) -> requests.Response:
        """Send a request to a path, or to an absolute URL from a response; do not follow redirects."""
        url = path if path.startswith("http://") else f"{self.address_of(path)}{path}"
        kwargs = {"timeout": TIMEOUT_SECONDS} | kwargs | {"allow_redirects": False}
        return super().request(method, url, **kwargs)

    def address_of(self, path: str) -> str:
        """Return the address that serves the path."""
        return self.url


class DirectClient(Client):
    """A client that bypasses the gateway."""

    def __init__(self, user_url: str, order_url: str) -> None:
        super().__init__(user_url)
        self.order_url = order_url

    def address_of(self, path: str) -> str:
        """Return the address of the service that owns the path."""
        return self.order_url if path.startswith("/orders") else self.url


def new_email() -> str:
    """Return an e-mail address that no other test uses."""
    return f"user-{next(_numbers)}@example.com"


def make_user(client: Client, **overrides: Any) -> dict[str, Any]:
    """Create a user."""
    response = client.post("/users", json={"name": "John", "email": new_email()} | overrides)
    assert response.status_code == 201, response.text
    return response.json()


def make_order(client: Client, **overrides: Any) -> dict[str, Any]:
    """Create an order; also create its user if ``user_id`` is not given."""
    if "user_id" not in overrides:
        overrides["user_id"] = make_user(client)["id"]
    response = client.post("/orders", json={"product_name": "Laptop"} | overrides)
    assert response.status_code == 201, response.text
    return response.json()
