"""The browsable API works in a browser, through the gateway."""

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from devtools.projects import with_database
from tests.api import make_order, make_user, new_email
from tests.browser import Watch, keep_screenshot, new_page


def html_form(page):
    """Return the HTML form; the page also has a form for raw JSON."""
    return page.locator(".tab-pane.active form")


def shown_object(page):
    """Return the response that the page shows."""
    return page.locator(".response-info")


def assert_on_gateway(page, system, path):
    """Check that the URL of the page is this path at the gateway."""
    address = urlsplit(page.url)
    assert f"{address.scheme}://{address.netloc}" == system.gateway.url
    assert address.path == path


@pytest.mark.parametrize("project", with_database(), ids=lambda project: project.name)
def test_list_is_styled(page, system, project):
    watch, service = Watch(page), project.name

    page.goto(project.routing.paths[0], wait_until="networkidle")

    keep_screenshot(page, f"list of {service}s")
    assert f"{system.gateway.url}/static/{service}/rest_framework/css/bootstrap.min.css" in watch.urls
    assert watch.faults == []
    assert all(url.startswith(system.gateway.url) for url in watch.urls)
    background = "element => getComputedStyle(element).backgroundColor"
    assert page.locator(".navbar").evaluate(background) == "rgb(44, 44, 44)"


def test_user_is_created_with_the_form(page, system, gateway):
    watch = Watch(page)
    email = new_email()
    page.goto("/users")

    html_form(page).locator("[name=name]").fill("Grace Hopper")
    html_form(page).locator("[name=email]").fill(email)
    html_form(page).get_by_role("button", name="POST").click()

    expect(shown_object(page)).to_contain_text("HTTP 201 Created")
    keep_screenshot(page, "user created")
    assert_on_gateway(page, system, "/users")
    (user,) = gateway.get("/users", params={"email": email}).json()["results"]
    assert user["name"] == "Grace Hopper"
    assert watch.faults == []


def test_order_is_created_with_the_form(page, system, gateway):
    watch = Watch(page)
    user = make_user(gateway)
    page.goto("/orders")

    html_form(page).locator("[name=user_id]").fill(str(user["id"]))
    html_form(page).locator("[name=product_name]").fill("Keyboard")
    html_form(page).locator("[name=quantity]").fill("2")
    html_form(page).get_by_role("button", name="POST").click()

    expect(shown_object(page)).to_contain_text("HTTP 201 Created")
    keep_screenshot(page, "order created")
    (order,) = gateway.get("/orders", params={"user_id": user["id"]}).json()["results"]
    assert (order["product_name"], order["quantity"]) == ("Keyboard", 2)
    assert watch.faults == []


def test_validation_error_is_shown_beside_its_field(page, gateway):
    taken = make_user(gateway)
    page.goto("/users")

    html_form(page).locator("[name=name]").fill("Mary Jackson")
    html_form(page).locator("[name=email]").fill(taken["email"].upper())
    html_form(page).get_by_role("button", name="POST").click()

    keep_screenshot(page, "user refused")
    expect(shown_object(page)).to_contain_text("HTTP 400 Bad Request")
    wrong = html_form(page).locator(".form-group.has-error")
    expect(wrong).to_have_count(1)
    expect(wrong).to_contain_text("Another user has this e-mail address.")
    expect(wrong.locator("[name=email]")).to_have_value(taken["email"].upper())
    expect(html_form(page).locator("[name=name]")).to_have_value("Mary Jackson")


def test_unknown_user_error_is_shown_beside_its_field(page):
    page.goto("/orders")

    html_form(page).locator("[name=user_id]").fill("987654321")
    html_form(page).locator("[name=product_name]").fill("Keyboard")
    html_form(page).get_by_role("button", name="POST").click()

    keep_screenshot(page, "order refused")
    wrong = html_form(page).locator(".form-group.has-error")
    expect(wrong).to_have_count(1)
    expect(wrong).to_contain_text("There is no user 987654321.")
    expect(wrong.locator("[name=user_id]")).to_have_value("987654321")


def test_user_is_edited_with_the_form(page, gateway):
    watch = Watch(page)
    user = make_user(gateway)
    page.goto(f"/users/{user['id']}")

    expect(html_form(page).locator("[name=email]")).to_have_value(user["email"])
    html_form(page).locator("[name=name]").fill("Grace Hopper")
    html_form(page).get_by_role("button", name="PUT").click()

    expect(shown_object(page)).to_contain_text('"name": "Grace Hopper"')
    keep_screenshot(page, "user edited")
    assert gateway.get(f"/users/{user['id']}").json()["name"] == "Grace Hopper"
    assert watch.faults == []


def test_order_is_deleted_with_the_button(page, system, gateway):
    order = make_order(gateway)
    page.goto(f"/orders/{order['id']}")

    page.get_by_role("button", name="DELETE", exact=True).click()
    page.locator("#deleteModal button", has_text="Delete").click()

    expect(shown_object(page)).to_contain_text("HTTP 204 No Content")
    keep_screenshot(page, "order deleted")
    assert gateway.get(f"/orders/{order['id']}").status_code == 404


def test_next_page_link_leads_to_the_gateway(page, system, gateway):
    user = make_user(gateway)
    orders = [make_order(gateway, user_id=user["id"], product_name=f"Book {number}") for number in range(3)]
    page.goto(f"/orders?user_id={user['id']}&page_size=2")

    page.get_by_role("link", name="Next").first.click()

    expect(shown_object(page)).to_contain_text(f'"id": {orders[2]["id"]}')
    keep_screenshot(page, "second page of orders")
    assert_on_gateway(page, system, "/orders")
    expect(shown_object(page)).not_to_contain_text('"Book 0"')


def test_list_is_filtered_with_the_form(page, system, gateway):
    order = make_order(gateway)
    page.goto("/orders")

    page.get_by_role("button", name="Filters").click()
    page.locator("#filtersModal [name=user_id]").fill(str(order["user_id"]))
    keep_screenshot(page, "filters")
    page.locator("#filtersModal button", has_text="Submit").click()

    expect(shown_object(page)).to_contain_text(f'"id": {order["id"]}')
    assert_on_gateway(page, system, "/orders")


@pytest.mark.parametrize("path", ["/users/987654321", "/orders?page_size=abc", "/nothing-here"])
def test_error_response_is_an_html_page(page, path):
    response = page.goto(path)

    keep_screenshot(page, f"refusal of {path.split('?')[0].strip('/').replace('/', ' ')}")
    assert 400 <= response.status < 500
    assert response.headers["content-type"].startswith("text/html")
    expect(page.locator("body")).to_contain_text(str(response.status))
    expect(page.locator("h1")).to_be_visible()


def test_order_is_fulfilled_with_its_button(page, gateway):
    watch = Watch(page)
    order = make_order(gateway)
    page.goto(f"/orders/{order['id']}")

    page.get_by_role("button", name="Fulfil").click()

    expect(shown_object(page)).to_contain_text('"status": "fulfilled"')
    keep_screenshot(page, "order fulfilled")
    assert gateway.get(f"/orders/{order['id']}").json()["status"] == "fulfilled"
    assert watch.faults == []


@pytest.mark.parametrize("project", with_database(), ids=lambda project: project.name)
def test_header_leads_to_the_portal_all_services_and_the_own_admin(page, project):
    watch, paths = Watch(page), [path for each in with_database() for path in each.routing.paths]
    page.goto(project.routing.paths[0])
    links = page.locator(".navbar").get_by_role("link")

    expect(links).to_have_count(len(paths) + 4)

    found = {link.inner_text(): urlsplit(link.evaluate("link => link.href")).path for link in links.all()}
    assert found == {path: path for path in paths} | {
        f"{project.name.capitalize()} service": "/",
        "All services": "/",
        "API documentation": "/-/docs",
        "Administration": f"/admin/{project.name}/",
    }
    page.get_by_role("link", name="All services").click()
    expect(page.locator("#summary")).to_be_visible()
    assert watch.faults == []


def test_page_keeps_its_own_links_if_the_gateway_has_no_portal(chromium, run_gateway):
    with run_gateway(EXPOSE_PORTAL="false", WEB_CONCURRENCY="1") as gateway, new_page(chromium, gateway.url) as page:
        with page.expect_response(f"{gateway.url}/") as index:
            page.goto("/orders")

        assert index.value.status == 404
        links = page.locator(".navbar").get_by_role("link")
        expect(links).to_have_text(["Order service", "Administration"])


def test_page_of_a_service_without_a_gateway_works(chromium, system):
    with new_page(chromium, system.order.url) as page:
        watch = Watch(page)
        page.goto("/orders", wait_until="networkidle")

        expect(page.locator(".navbar").get_by_role("link")).to_have_text(
            ["Order service", "OpenAPI document", "Administration"]
        )
        assert watch.faults == []
