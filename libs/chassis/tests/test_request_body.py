import pytest

from chassis.request_body import MAX_BODY_BYTES

URL = "/books"


def test_too_large_body_is_refused(api):
    response = api.generic("POST", URL, b" " * (MAX_BODY_BYTES + 1), content_type="application/json")

    assert response.status_code == 413
    assert response.json()["type"] == "urn:problem:body_too_large"


@pytest.mark.django_db
def test_body_of_the_maximum_size_is_accepted(api):
    response = api.generic("POST", URL, b"{}".ljust(MAX_BODY_BYTES), content_type="application/json")

    assert response.status_code == 400
