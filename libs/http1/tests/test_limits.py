import pytest

from http1.head import RefusedError, parse_request
from http1.limits import Limits

LIMITS = Limits(line=30, fields=3, field=40)


def check(target="/", *lines):
    head = "\r\n".join([f"GET {target} HTTP/1.1", "Host: a", *lines, "", ""])
    LIMITS.check(head, parse_request(head))


@pytest.mark.parametrize(
    ("target", "lines"),
    [("/" + "x" * 16, ()), ("/", ("X: 1", "Y: 1")), ("/", ("X: " + "y" * 39,)), ("/", ("X" * 39 + ": y",))],
)
def test_head_within_the_limits_passes(target, lines):
    check(target, *lines)


@pytest.mark.parametrize(
    ("target", "lines", "status", "detail"),
    [
        ("/" + "x" * 17, (), 414, "longer than 30 bytes"),
        ("/", ("X: 1", "Y: 1", "Z: 1"), 431, "more than 3 header fields"),
        ("/", ("X: " + "y" * 40,), 431, "longer than 40 bytes"),
        ("/", ("X" * 40 + ": y",), 431, "longer than 40 bytes"),
    ],
)
def test_refusal_names_the_exceeded_limit(target, lines, status, detail):
    with pytest.raises(RefusedError, match=detail) as refusal:
        check(target, *lines)

    assert refusal.value.status == status
