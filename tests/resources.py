"""Users and orders as resources, for tests of behaviour that both share."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.api import Client, make_order, make_user, new_email


@dataclass(frozen=True)
class Resource:
    """A collection of the API."""

    name: str
    text_field: str
    make: Callable[..., dict[str, Any]]
    body: Callable[[Client], dict[str, Any]]

    def __str__(self) -> str:
        return self.name


USERS = Resource("users", "name", make_user, lambda client: {"name": "Jane", "email": new_email()})
ORDERS = Resource(
    "orders",
    "product_name",
    make_order,
    lambda client: {"user_id": make_user(client)["id"], "product_name": "Phone", "quantity": 3},
)
