import pytest
from django.http import HttpResponse

from observability.request_id import (
    RequestIdMiddleware,
    bound_request_id,
    choose_request_id,
    current_request_id,
    outgoing_headers,
)

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.mark.parametrize(
    ("received", "accepted"),
    [
        ("abc-123_X.y:z", True),
        ("a" * 128, True),
        ("a" * 129, False),
        ("", False),
        ("a b", False),
        ("a\tb", False),
        ("é", False),
    ],
)
def test_well_formed_request_id_is_accepted(api, received, accepted):
    response = api.get("/nowhere", headers={"x-request-id": received})

    assert (response["X-Request-ID"] == received) is accepted
    assert response["X-Request-ID"] == response.json()["request_id"]
    assert len(response["X-Request-ID"]) >= 32 or accepted


def test_generated_ids_differ():
    assert choose_request_id(None) != choose_request_id(None)


@pytest.mark.parametrize(
    ("received", "expected"),
    [
        ({"x-request-id": "abc"}, {"X-Request-ID": "abc"}),
        (
            {"x-request-id": "abc", "traceparent": TRACEPARENT},
            {"X-Request-ID": "abc", "traceparent": TRACEPARENT},
        ),
    ],
)
def test_outgoing_headers_carry_request_id_and_trace(rf, received, expected):
    seen = []

    def view(request):
        seen.append(outgoing_headers())
        return HttpResponse()

    RequestIdMiddleware(view)(rf.get("/", headers=received))

    assert seen == [expected]
    assert outgoing_headers() == {}


def test_id_is_cleared_after_a_failed_request(rf):
    def view(request):
        raise KeyError

    with pytest.raises(KeyError):
        RequestIdMiddleware(view)(rf.get("/"))

    assert (current_request_id(), outgoing_headers()) == ("", {})


def test_id_is_bound_within_a_block():
    with bound_request_id("abc") as bound:
        assert (bound, current_request_id()) == ("abc", "abc")

    assert current_request_id() == ""
