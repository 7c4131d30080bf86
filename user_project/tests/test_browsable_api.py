import pytest

pytestmark = pytest.mark.django_db

BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def test_browser_gets_a_page_whose_form_creates_a_user(api):
    page = api.get("/users", headers=BROWSER)
    created = api.post("/users", {"name": "Ada", "email": "ada@example.com"}, headers=BROWSER)

    assert page["Content-Type"].startswith("text/html")
    assert 'name="email"' in page.text
    assert "/static/user/rest_framework/css/" in page.text
    assert created.status_code == 201


def test_taken_address_is_shown_beside_its_field(api, make_user):
    make_user(email="ada@example.com")

    response = api.post("/users", {"name": "Ada", "email": "ada@example.com"}, headers=BROWSER)

    assert "Another user has this e-mail address." in response.text.split('name="email"')[1]


def test_styles_are_served(api):
    response = api.get("/static/user/rest_framework/css/bootstrap.min.css")
    response.close()

    assert (response.status_code, response["Content-Type"]) == (200, 'text/css; charset="utf-8"')
