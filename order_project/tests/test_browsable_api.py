"""The browsable API of orders."""

import re

import pytest

pytestmark = pytest.mark.django_db

BROWSER = {"accept": "text/html,*/*;q=0.8"}


def test_order_has_a_button_for_each_action(client, make_order):
    order = make_order()

    page = client.get(f"/orders/{order.id}", headers=BROWSER).text

    forms = re.findall(
        r'<form class="[^"]*post-action" method="post" action="[^"]*(/orders/\d+/\w+)/?">.*?<button[^>]*>(\w+)<',
        page,
        re.DOTALL,
    )
    assert sorted(forms) == [(f"/orders/{order.id}/cancel", "Cancel"), (f"/orders/{order.id}/fulfil", "Fulfil")]
    assert "Extra Actions" not in page


def test_button_fulfils_the_order(client, make_order):
    order = make_order()

    page = client.post(f"/orders/{order.id}/fulfil", headers=BROWSER)

    order.refresh_from_db()
    assert (page.status_code, order.status) == (200, "fulfilled")


def test_refused_transition_shows_the_problem_document(client, make_order):
    order = make_order(status="cancelled")

    page = client.post(f"/orders/{order.id}/fulfil", headers=BROWSER)

    assert page.status_code == 409
    assert "application/problem+json" in re.search("<b>Content-Type:</b>.*", page.text)[0]


def test_page_has_no_inline_styles(client):
    assert "<style" not in client.get("/orders", headers=BROWSER).text
