import pytest

from chassis.service_token import HEADER, outgoing_headers

pytestmark = pytest.mark.django_db


@pytest.fixture
def tokens(settings):
    settings.SERVICE_TOKENS = ["new", "old"]


def test_without_tokens_none_is_required_or_sent(api):
    assert api.get("/books").status_code == 200
    assert outgoing_headers() == {}


@pytest.mark.parametrize("sent", [None, "", "wrong", "ne", "new,old", "é"])
def test_request_without_a_valid_token_is_refused(api, tokens, sent):
    response = api.get("/books", headers={} if sent is None else {HEADER: sent})

    assert (response.status_code, response.json()["type"]) == (401, "urn:problem:service_token_required")
    assert response["WWW-Authenticate"] == "ServiceToken"


@pytest.mark.parametrize(
    "path",
    [
        *("/admin/library/login/", "/static/library/admin/css/base.css", "/openapi.json", "/nowhere"),
        *("/metricsets/1", "/metrics/1", "/metrics%0A", "/healthy"),
    ],
)
def test_all_other_paths_require_a_token(api, tokens, path):
    assert api.get(path).status_code == 401


@pytest.mark.parametrize("sent", ["new", "old"])
def test_both_tokens_of_a_rotation_are_valid_and_the_first_is_sent(api, tokens, sent):
    assert api.get("/books", headers={HEADER: sent}).status_code == 200
    assert outgoing_headers() == {HEADER: "new"}


@pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/metrics"])
def test_supervisors_and_prometheus_need_no_token(api, tokens, path):
    assert api.get(path).status_code == 200
