import pytest

pytestmark = pytest.mark.django_db

JOHN = {"name": "John", "email": "john@example.com"}


@pytest.mark.parametrize("slash", ["", "/"])
def test_created_user_is_returned_and_found_at_its_location(api, slash):
    created = api.post(f"/users{slash}", JOHN, format="json")

    assert created.status_code == 201
    assert created.json().keys() == {"id", "name", "email", "is_active", "created_at", "updated_at"}
    assert created.json().items() >= JOHN.items()
    found = api.get(created["Location"] + slash)
    assert (found.status_code, found.json()) == (200, created.json())


def test_name_and_email_are_trimmed_and_email_kept_as_typed(api):
    created = api.post("/users", {"name": "  John ", "email": " John@Example.COM "}, format="json")

    assert (created.json()["name"], created.json()["email"]) == ("John", "John@Example.COM")


def test_patch_changes_only_what_was_sent(api, make_user):
    user = make_user(name="Ada", email="ada@example.com")

    patched = api.patch(f"/users/{user.id}", {"name": "Ada Lovelace"}, format="json")

    assert patched.status_code == 200
    user.refresh_from_db()
    assert (user.name, user.email) == ("Ada Lovelace", "ada@example.com")
    assert user.updated_at > user.created_at


def test_deleted_user_is_gone(api, make_user):
    user = make_user()

    deleted = api.delete(f"/users/{user.id}")

    assert (deleted.status_code, deleted.content) == (204, b"")
    assert api.get(f"/users/{user.id}").status_code == 404
    assert api.delete(f"/users/{user.id}").status_code == 404


@pytest.mark.parametrize("path", ["/users/0", f"/users/{2**63}", "/users/abc", "/nope"])
def test_unknown_url_is_a_not_found_problem(api, path):
    response = api.get(path)

    assert response.status_code == 404
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["type"] == "urn:problem:not_found"
    assert response.json()["instance"] == path


def test_a_user_is_active_until_it_is_deactivated(api):
    created = api.post("/users", JOHN, format="json")

    patched = api.patch(f"/users/{created.json()['id']}", {"is_active": False}, format="json")

    assert created.json()["is_active"] is True
    assert patched.json()["is_active"] is False
    assert patched["Content-Type"] == "application/json"
    found = [user["id"] for user in api.get("/users?is_active=false").json()["results"]]
    assert found == [created.json()["id"]]


@pytest.mark.parametrize("value", ["false", 0, None, "", [], {}])
def test_is_active_must_be_a_boolean(api, value):
    response = api.post("/users", {**JOHN, "is_active": value}, format="json")

    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == "is_active"


@pytest.mark.parametrize(
    ("sent", "is_active"), [({}, True), ({"is_active": ["false", "true"]}, True), ({"is_active": "false"}, False)]
)
def test_a_form_deactivates_a_user_only_explicitly(api, sent, is_active):
    response = api.post("/users", {**JOHN, **sent})

    assert response.json()["is_active"] is is_active


def test_the_form_of_the_browsable_api_defaults_to_an_active_user(api):
    page = api.get("/users", headers={"Accept": "text/html"}).content.decode()

    assert '<input type="hidden" name="is_active" value="false">' in page
    assert 'name="is_active" value="true" checked' in page
