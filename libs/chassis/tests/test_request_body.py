import pytest

from chassis.request_body import MAX_BODY_BYTES

URL = "/books"


def test_too_large_body_is_refused(api):
    response = api.generic("POST", URL, b" " * (MAX_BODY_BYTES + 1), content_type="application/json")

    assert response.status_code == 413
    assert response.json()["type"] == "urn:problem:body_too_large"


@pytest.mark.parametrize("length", [{}, {"CONTENT_LENGTH": ""}])
def test_chunked_body_of_unknown_length_is_refused(api, length):
    response = api.generic("POST", URL, **length, headers={"transfer-encoding": "chunked"})

    assert (response.status_code, response.json()["type"]) == (411, "urn:problem:length_required")


@pytest.mark.django_db
def test_chunked_body_of_known_length_is_accepted(api):
    headers = {"transfer-encoding": "chunked"}

    assert api.post(URL, {"title": "Emma", "isbn": "1"}, format="json", headers=headers).status_code == 201


@pytest.mark.django_db
def test_body_of_the_maximum_size_is_accepted(api):
    response = api.generic("POST", URL, b"{}".ljust(MAX_BODY_BYTES), content_type="application/json")

    assert response.status_code == 400
