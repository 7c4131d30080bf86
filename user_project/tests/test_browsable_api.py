import pytest

pytestmark = pytest.mark.django_db

BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def test_browser_gets_a_page_with_a_form_and_everybody_else_json(api, make_user):
    make_user(name="Ada")

    page = api.get("/users", headers=BROWSER)

    assert page["Content-Type"].startswith("text/html")
    assert 'name="email"' in page.text
    assert "/static/user/rest_framework/css/" in page.text
    assert api.get("/users", headers={"accept": "*/*"})["Content-Type"] == "application/json"


def test_form_creates_a_user(api):
    answer = api.post(
        "/users", {"name": "Ada", "email": "ada@example.com", "csrfmiddlewaretoken": "x"}, headers=BROWSER
    )

    assert answer.status_code == 201


def test_refused_form_is_shown_again_with_the_error_beside_its_field(api):
    answer = api.post("/users", {"name": "", "email": "ada@example.com"}, headers=BROWSER)

    assert answer.status_code == 400
    assert answer["Content-Type"].startswith("text/html")
    assert "This field may not be blank." in answer.text.split('name="name"')[1]
    assert 'value="ada@example.com"' in answer.text


def test_unknown_user_is_a_page_in_a_browser(api):
    answer = api.get("/users/987654321", headers=BROWSER)

    assert answer.status_code == 404
    assert answer["Content-Type"].startswith("text/html")


def test_taken_address_is_shown_beside_its_field(api, make_user):
    make_user(email="ada@example.com")

    answer = api.post("/users", {"name": "Ada", "email": "ada@example.com"}, headers=BROWSER)

    assert "Another user has this e-mail address." in answer.text.split('name="email"')[1]


def test_styles_are_served(api):
    answer = api.get("/static/user/rest_framework/css/bootstrap.min.css")
    answer.close()

    assert (answer.status_code, answer["Content-Type"]) == (200, 'text/css; charset="utf-8"')
