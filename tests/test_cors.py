"""A page of another origin can use the API in a browser if its origin is in ``cors_origins``."""

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Error

from tests import browser
from tests.api import make_user, new_email
from tests.system import PROJECTS

SEND = """
async ([url, options]) => {
    const response = await fetch(url, options)
    const names = ["ETag", "Location", "RateLimit", "Retry-After", "X-Request-ID", "Idempotent-Replayed", "Via"]
    const headers = Object.fromEntries(names.map(name => [name, response.headers.get(name)]))
    return {status: response.status, body: await response.json(), headers}
}
"""


class EmptyPage(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<title>Shop</title>")

    def log_message(self, *args):
        """Log nothing."""


@contextmanager
def site():
    """Serve an empty page; yield its origin, another site than the gateway's."""
    with ThreadingHTTPServer(("127.0.0.1", 0), EmptyPage) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://localhost:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def shop():
    with site() as origin:
        yield origin


@pytest.fixture(scope="module")
def cors_gateway(run_gateway, shop, tmp_path_factory):
    """A gateway whose routes have the shop in ``cors_origins``; orders are limited to three requests an hour."""
    routes = (PROJECTS["gateway"].folder / "gateway.toml").read_text()
    users, orders = 'path = "/users"\n', 'path = "/orders"\n'
    shared = f'cors_origins = ["{shop}"]\n'
    file = tmp_path_factory.mktemp("configuration") / "gateway.toml"
    changed = routes.replace(users, f"{users}{shared}").replace(orders, f'{orders}{shared}rate_limit = "3/hour"\n')
    file.write_text(changed)
    with run_gateway(GATEWAY_CONFIG=str(file), WEB_CONCURRENCY="1") as gateway:
        yield gateway


def send(page, url, method="GET", *, json="", **headers):
    body = {"body": json} if json else {}
    options = {"method": method, "credentials": "include", "headers": headers, **body}
    return page.evaluate(SEND, [url, options])


def test_page_of_an_allowed_origin_uses_the_api(chromium, shop, cors_gateway):
    with cors_gateway.client() as client:
        user = make_user(client)
    orders = f"{cors_gateway.url}/orders"
    order = f'{{"user_id": {user["id"]}, "product_name": "Laptop"}}'
    headers = {"Content-Type": "application/json", "Idempotency-Key": new_email()}

    with browser.new_page(chromium, shop) as page:
        page.goto("/")
        placed, replayed = [send(page, orders, "POST", json=order, **headers) for _ in range(2)]
        missing = send(page, f"{orders}/999999999", **{"If-None-Match": '"x"'})
        limited = send(page, orders)

    assert (placed["status"], placed["body"]["product_name"]) == (201, "Laptop")
    assert placed["headers"]["Location"].endswith(f"/orders/{placed['body']['id']}")
    assert placed["headers"]["X-Request-ID"]
    assert placed["headers"]["RateLimit"]
    assert placed["headers"]["Via"] is None  # not exposed
    assert (replayed["status"], replayed["headers"]["Idempotent-Replayed"]) == (201, "true")
    assert (missing["status"], missing["body"]["type"]) == (404, "urn:problem:not_found")
    assert (limited["status"], limited["body"]["type"]) == (429, "urn:problem:too_many_requests")
    assert limited["headers"]["Retry-After"]


def test_page_of_another_origin_may_neither_read_nor_write(chromium, cors_gateway):
    users, email = f"{cors_gateway.url}/users", new_email()
    user = f'{{"name": "Eve", "email": "{email}"}}'

    with site() as origin, browser.new_page(chromium, origin) as page:
        page.goto("/")
        for method, json, headers in [
            ("GET", "", {}),
            ("POST", user, {"Content-Type": "application/json"}),
            ("POST", user, {"Content-Type": "text/plain"}),  # without a preflight
        ]:
            with pytest.raises(Error, match="Failed to fetch"):
                send(page, users, method, json=json, **headers)

    with cors_gateway.client() as client:
        assert client.get("/users", params={"email": email}).json()["results"] == []
