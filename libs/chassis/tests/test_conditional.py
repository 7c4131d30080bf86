import pytest

from users.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def user(make_user):
    return make_user()


@pytest.fixture
def etag(api, user):
    return api.get(f"/users/{user.id}")["ETag"]


def test_single_object_has_a_strong_tag_that_changes_with_it(api, user, etag):
    same = api.get(f"/users/{user.id}/")["ETag"]
    api.patch(f"/users/{user.id}", {"name": "Grace"}, format="json")

    assert etag.startswith('"')
    assert same == etag
    assert api.get(f"/users/{user.id}")["ETag"] != etag


@pytest.mark.parametrize("header", ["{}", 'W/"x", {}', "W/{}", "*"])
def test_known_object_is_not_sent_again(api, user, etag, header):
    answer = api.get(f"/users/{user.id}", headers={"if-none-match": header.format(etag)})

    assert (answer.status_code, answer.content, answer["ETag"]) == (304, b"", etag)
    assert answer["Vary"] == "Accept"


def test_page_for_a_browser_and_a_list_have_no_tag(api, user):
    page = api.get(f"/users/{user.id}", headers={"accept": "text/html"})

    assert "ETag" not in page
    assert "ETag" not in api.get("/users")
    assert "ETag" not in api.get("/users/9999")


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
@pytest.mark.parametrize("header", ['"stale"', "W/{}"])
def test_change_of_another_state_is_refused_and_changes_nothing(api, user, etag, method, header):
    answer = getattr(api, method)(
        f"/users/{user.id}",
        {"name": "Grace", "email": "grace@example.com"},
        format="json",
        headers={"if-match": header.format(etag)},
    )

    assert (answer.status_code, answer.json()["type"]) == (412, "urn:problem:precondition_failed")
    assert User.objects.get(id=user.id).name == "Ada"


@pytest.mark.parametrize(("method", "status"), [("put", 200), ("patch", 200), ("delete", 204)])
@pytest.mark.parametrize("header", ["{}", '"stale", {}', "*"])
def test_change_of_the_state_that_was_read_is_made(api, user, etag, method, status, header):
    answer = getattr(api, method)(
        f"/users/{user.id}",
        {"name": "Grace", "email": "grace@example.com"},
        format="json",
        headers={"if-match": header.format(etag)},
    )

    assert answer.status_code == status


def test_precondition_is_checked_against_the_row_under_its_lock(api, user, etag, monkeypatch):
    read = User.objects.get(id=user.id)
    User.objects.filter(id=user.id).update(name="Grace")
    monkeypatch.setattr("users.views.UserViewSet.get_object", lambda self: read)

    patched = api.patch(f"/users/{user.id}", {"name": "Eve"}, format="json", headers={"if-match": etag})
    deleted = api.delete(f"/users/{user.id}", headers={"if-match": etag})

    assert (patched.status_code, deleted.status_code) == (412, 412)


def test_change_unless_it_exists_is_refused(api, user):
    answer = api.patch(f"/users/{user.id}", {"name": "Eve"}, format="json", headers={"if-none-match": "*"})

    assert answer.status_code == 412
