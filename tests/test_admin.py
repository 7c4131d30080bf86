"""The admin sites of both services work in one browser, through the gateway."""

import pytest
from playwright.sync_api import expect

from devtools.projects import with_database
from tests.api import make_order, make_user
from tests.browser import ADMINISTRATOR, Watch, keep_screenshot, log_in

pytestmark = pytest.mark.usefixtures("accounts")


def column_titles(page):
    return [
        title.strip().lower()
        for title in page.locator("#result_list thead th .text").all_inner_texts()
        if title.strip()
    ]


def test_sessions_of_both_admins_are_independent(page, system):
    watch = Watch(page)

    log_in(page, "user")
    keep_screenshot(page, "user admin")
    log_in(page, "order")
    keep_screenshot(page, "order admin")
    page.goto("/admin/user/")

    expect(page.locator("#user-tools")).to_contain_text("Log out")
    expect(page.locator("#site-name")).to_contain_text("User service")
    expect(page).to_have_url(f"{system.gateway.url}/admin/user/")
    assert {"user_sessionid", "order_sessionid"} <= {cookie["name"] for cookie in page.context.cookies()}

    page.goto("/admin/order/")
    page.get_by_role("button", name="Log out").click()
    expect(page.locator("body")).to_contain_text("Logged out")
    page.goto("/admin/user/")

    expect(page.locator("#user-tools")).to_contain_text("Log out")
    assert watch.faults == []


@pytest.mark.parametrize("project", with_database(), ids=lambda project: project.name)
@pytest.mark.usefixtures("logged_in")
def test_view_site_leads_to_the_api(page, system, project):
    watch = Watch(page)
    page.goto(f"/admin/{project.name}/")

    page.get_by_role("link", name="View site").click()

    expect(page.locator(".response-info")).to_contain_text("HTTP 200 OK")
    expect(page).to_have_url(f"{system.gateway.url}{project.routing.paths[0]}")
    assert watch.faults == []


def test_wrong_password_is_rejected(page):
    page.goto("/admin/order/")
    page.locator("[name=username]").fill(ADMINISTRATOR)
    page.locator("[name=password]").fill("wrong")
    page.get_by_role("button", name="Log in").click()

    keep_screenshot(page, "login refused")
    expect(page.locator(".errornote")).to_contain_text("correct username and password")


@pytest.mark.usefixtures("logged_in")
def test_users_are_listed_and_searched(page, gateway):
    watch = Watch(page)
    user = make_user(gateway, name="Katherine Johnson")
    make_user(gateway, name="Mary Jackson")

    page.goto("/admin/user/users/user/")
    titles = column_titles(page)
    keep_screenshot(page, "users in the admin")
    page.locator("#searchbar").fill(user["email"])
    page.locator("#searchbar").press("Enter")

    assert titles == ["id", "name", "email", "is active", "created at", "updated at"]
    expect(page.locator("#result_list tbody tr")).to_have_count(1)
    expect(page.locator("#result_list tbody")).to_contain_text("Katherine Johnson")
    assert watch.faults == []


@pytest.mark.usefixtures("logged_in")
def test_orders_are_listed_with_a_link_to_their_user(page, system, gateway):
    watch = Watch(page)
    user = make_user(gateway, name="Katherine Johnson")
    order = make_order(gateway, user_id=user["id"], product_name="Slide rule")

    page.goto(f"/admin/order/orders/order/?q={order['id']}")
    titles = column_titles(page)
    keep_screenshot(page, "orders in the admin")
    page.locator("#result_list tbody tr", has_text="Slide rule").get_by_role("link", name="User").click()

    assert titles == ["id", "user", "user is", "product name", "quantity", "status", "created at"]
    expect(page).to_have_url(f"{system.gateway.url}/admin/user/users/user/{user['id']}/change/")
    expect(page.locator("#id_name")).to_have_value("Katherine Johnson")
    keep_screenshot(page, "user of an order in the admin")
    assert watch.faults == []


@pytest.mark.usefixtures("logged_in")
def test_change_is_saved(page, gateway):
    watch = Watch(page)
    user = make_user(gateway)

    page.goto(f"/admin/user/users/user/{user['id']}/change/")
    page.locator("#id_name").fill("Dorothy Vaughan")
    page.get_by_role("button", name="Save", exact=True).click()

    expect(page.locator(".messagelist .success")).to_contain_text("changed successfully")
    keep_screenshot(page, "user saved in the admin")
    assert gateway.get(f"/users/{user['id']}").json()["name"] == "Dorothy Vaughan"
    assert watch.faults == []


@pytest.mark.usefixtures("logged_in")
def test_order_changes_are_validated(page, gateway):
    order = make_order(gateway)

    page.goto(f"/admin/order/orders/order/{order['id']}/change/")
    page.locator("#id_quantity").fill("10001")
    page.locator("form#order_form").evaluate("form => form.noValidate = true")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".field-quantity .errorlist")).to_contain_text("10000")
    keep_screenshot(page, "order refused in the admin")
    page.locator("#id_quantity").fill("7")
    page.get_by_role("button", name="Save", exact=True).click()

    expect(page.locator(".messagelist .success")).to_contain_text("changed successfully")
    assert gateway.get(f"/orders/{order['id']}").json()["quantity"] == 7


@pytest.mark.usefixtures("logged_in")
def test_form_from_another_site_is_rejected(page, system, gateway):
    user = make_user(gateway)

    response = page.request.post(
        f"/admin/user/users/user/{user['id']}/change/",
        form={"name": "Mallory", "email": user["email"]},
        headers={"Origin": "http://elsewhere.example"},
    )

    assert response.status == 403
    assert gateway.get(f"/users/{user['id']}").json() == user
