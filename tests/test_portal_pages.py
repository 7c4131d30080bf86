"""The portal works in a browser, loads nothing from other hosts, and is accessible."""

import json
import subprocess
from http import HTTPStatus
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from devservers.processes import wait_for
from devtools.projects import with_database
from tests.api import new_email
from tests.browser import Watch, keep_screenshot, new_page, on_each_screen, serious_findings

PAGES = ["/", "/-/docs"]


def open_page(page, path):
    page.goto(path, wait_until="networkidle" if path != "/" else "load")
    if path == "/-/docs":
        expect(page.locator("#swagger .opblock-tag-section")).to_have_count(len(with_database()))
    else:
        expect(page.locator("#summary")).to_have_text("All services are up.")


@pytest.fixture(scope="module", autouse=True)
def documents(system):
    """Wait until the merged document includes all services."""
    names = {project.name for project in with_database()}
    with system.gateway.client() as client:
        assert wait_for(
            lambda: names == {tag["name"] for tag in client.get("/-/openapi.json").json()["tags"]}, seconds=10
        )


@pytest.fixture(scope="module", params=PAGES)
def watched(request, chromium, system):
    """A page that several tests share, with its recorded requests and errors."""
    with new_page(chromium, system.gateway.url) as page:
        watch = Watch(page)
        open_page(page, request.param)
        yield page, watch


def test_page_fits_the_screen_and_loads_everything_from_the_gateway(watched, system):
    page, watch = watched

    for width, scheme in on_each_screen(page):
        keep_screenshot(page, f"portal {urlsplit(page.url).path.strip('/-') or 'landing'} {scheme} {width}")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")  # no sideways scrolling
    assert watch.faults == []
    assert all(url.startswith((system.gateway.url, "data:")) for url in watch.urls)


def test_page_is_accessible(watched):
    page, _ = watched
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")

    assert serious_findings(page, exclude=["#swagger"]) == []


def test_open_and_focused_elements_survive_a_refresh(page):
    page.goto("/")
    page.locator("#live details[data-key=user] summary").click()

    page.evaluate("document.querySelector('#live article').dataset.old = true")
    expect(page.locator("#live [data-old]")).to_have_count(0)  # after the next refresh

    assert page.locator("#live details[data-key=user]").get_attribute("open") == ""
    expect(page.locator("#live details[data-key=user] summary")).to_be_focused()


@pytest.fixture
def page_without_scripts(chromium, system):
    with new_page(chromium, system.gateway.url, scripts=False) as page:
        yield page


def test_visitor_without_scripts_sees_the_state(page_without_scripts):
    page_without_scripts.goto("/")

    expect(page_without_scripts.locator("article.up")).to_have_count(len(with_database()))
    assert page_without_scripts.locator("noscript meta[http-equiv=refresh]").count() == 1


def execute(page, operation, body):
    """Send an operation's request from Swagger UI; return the response."""
    block = page.locator(f"#operations-{operation}")
    block.locator(".opblock-summary-control").click()
    block.locator("textarea.body-param__text").fill(json.dumps(body))
    with page.expect_response(lambda response: response.request.method == "POST") as caught:
        block.get_by_role("button", name="Execute").click()
    expect(block.locator(".live-responses-table tbody .response-col_status").first).to_contain_text("201")
    return caught.value.json()


@pytest.mark.parametrize("watched", ["/-/docs"], indirect=True)
def test_try_it_out_creates_a_user_and_an_order(watched, gateway):
    page, watch = watched
    for section in page.locator("#swagger .opblock-tag").all():
        section.click()

    user = execute(page, "user-users_create", {"name": "Grace Hopper", "email": new_email()})
    order = execute(page, "order-orders_create", {"user_id": user["id"], "product_name": "Laptop"})

    keep_screenshot(page, "try it out")
    assert gateway.get(f"/orders/{order['id']}").json()["user_id"] == user["id"]
    assert watch.faults == []


def test_operations_are_listed_without_swagger_ui(page_without_scripts):
    page_without_scripts.goto("/-/docs")

    operation = page_without_scripts.locator("details.operation", has_text="Create order")
    operation.locator("summary").click()

    expect(operation).to_contain_text("Idempotency-Key")
    expect(operation).to_contain_text("Body: OrderRequest")
    expect(operation).to_contain_text(f"422 {HTTPStatus(422).phrase}")  # which Python 3.13 changed
    expect(operation).not_to_contain_text("`")  # Markdown


def test_shown_command_lines_work(page, gateway):
    for user in gateway.get("/users", params={"email": "john@example.com"}).json()["results"]:
        gateway.delete(f"/users/{user['id']}")
    page.goto("/")

    for line in page.locator(".commands code").all_inner_texts():
        more = "--silent --noproxy '*' --write-out '\\n%{http_code}'"
        done = subprocess.run(f"{line} {more}", shell=True, capture_output=True, text=True, check=True)
        *_, body, status = done.stdout.splitlines()
        assert status == ("201" if "POST" in line else "200") or "unknown_user" in body  # of user 1

    posted = page.locator(".commands div", has_text="-X POST").locator("dt").all_inner_texts()
    assert {"Create user", "Create order"} <= set(posted)
