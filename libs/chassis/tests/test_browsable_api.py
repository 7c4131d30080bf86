import re

import pytest
from rest_framework import serializers
from rest_framework.renderers import HTMLFormRenderer

from chassis.rest.fields import StrictBooleanField

pytestmark = pytest.mark.django_db

BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def test_browser_gets_a_page_with_a_form(api, make_book):
    make_book()

    page = api.get("/books", headers=BROWSER)

    assert page["Content-Type"].startswith("text/html")
    assert 'name="isbn"' in page.text
    assert "/static/library/rest_framework/css/" in page.text


@pytest.mark.parametrize("accept", [None, "*/*", "application/json", "application/*", "text/plain, */*;q=0.1"])
def test_api_client_gets_json(api, accept):
    response = api.get("/books", headers={"accept": accept} if accept else {})

    assert response["Content-Type"] == "application/json"


def test_format_can_be_chosen_in_the_query(api):
    page = api.get("/books?format=api")
    response = api.get("/books?format=json", headers=BROWSER)

    assert page["Content-Type"].startswith("text/html")
    assert response["Content-Type"] == "application/json"


def test_form_creates_an_object_and_sends_numbers_as_text(api):
    form = {"title": "Emma", "isbn": "1", "pages": "300", "csrfmiddlewaretoken": "x"}

    response = api.post("/books", form, headers=BROWSER)

    assert response.status_code == 201
    assert "&quot;pages&quot;: 300" in response.text


def test_refused_form_is_shown_again_with_the_error_beside_its_field(api):
    response = api.post("/books", {"title": "", "isbn": "1234"}, headers=BROWSER)

    assert response.status_code == 400
    assert response["Content-Type"].startswith("text/html")
    assert "This field may not be blank." in response.text.split('name="title"')[1]
    assert 'value="1234"' in response.text


def test_unknown_object_is_a_page_in_a_browser(api):
    response = api.get("/books/987654321", headers=BROWSER)

    assert response.status_code == 404
    assert response["Content-Type"].startswith("text/html")


def test_page_allows_no_inline_script(api, make_book):
    make_book()

    page = api.get("/books", headers=BROWSER)

    directives = dict(one.strip().split(" ", 1) for one in page["Content-Security-Policy"].split(";"))
    assert directives["default-src"] == "'none'"
    assert directives["script-src"] == directives["style-src"] == "'self'"
    assert page["Cross-Origin-Resource-Policy"] == page["Cross-Origin-Opener-Policy"] == "same-origin"


@pytest.mark.parametrize("option", ["DENY", "SAMEORIGIN"])
def test_page_is_framed_as_x_frame_options_says(api, settings, option):
    settings.X_FRAME_OPTIONS = option

    page = api.get("/books", headers=BROWSER)

    assert page["X-Frame-Options"] == option
    assert "frame-ancestors" not in page["Content-Security-Policy"]  # browsers prefer it


def test_page_without_a_gateway_has_only_working_links(api, make_book):
    book = make_book()

    page = api.get(f"/books/{book.id}", headers=BROWSER)

    header = page.text.split('class="navbar ')[1].split('class="breadcrumb"')[0]
    links = re.findall('href="([^"]+)"', header)
    assert links == ["/books/", "/openapi.json", "/admin/library/"]
    assert [api.get(link, follow=True).status_code for link in links] == [200, 200, 200]
    assert "chassis/links.js" not in page.text


def test_page_behind_a_gateway_loads_the_links_of_the_gateway(api, make_book):
    page = api.get("/books", headers=BROWSER | {"via": "1.1 gateway"})

    assert "/openapi.json" not in page.text  # a gateway does not forward it
    assert "/static/library/chassis/links.js" in page.text


def test_json_has_no_policy_for_pages(api, make_book):
    make_book()

    assert "Content-Security-Policy" not in api.get("/books")


@pytest.mark.parametrize("pack", ["horizontal", "inline", "vertical"])
def test_form_with_a_checkbox_can_be_rendered_in_each_style(pack):
    class LoanSerializer(serializers.Serializer):
        is_renewed = StrictBooleanField()

    form = HTMLFormRenderer().render(
        LoanSerializer().data, renderer_context={"style": {"template_pack": f"rest_framework/{pack}"}}
    )

    unchecked, checkbox = re.findall("<input [^>]*>", form)
    assert unchecked == '<input type="hidden" name="is_renewed" value="false">'
    assert 'type="checkbox" name="is_renewed" value="true"' in checkbox
