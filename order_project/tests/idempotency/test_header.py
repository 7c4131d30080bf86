import pytest
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from idempotency.views import read_key


def request(key):
    headers = {} if key is None else {"Idempotency-Key": key}
    return Request(APIRequestFactory().post("/orders", headers=headers))


@pytest.mark.parametrize(
    ("header", "key"),
    [
        (None, None),
        ("abc", "abc"),
        ('"abc"', "abc"),
        ("x" * 255, "x" * 255),
        (f'"{"x" * 255}"', "x" * 255),
        ("!~", "!~"),
    ],
)
def test_bare_and_quoted_keys(header, key):
    assert read_key(request(header)) == key


@pytest.mark.parametrize(
    "header", ["", '""', "x" * 256, f'"{"x" * 256}"', "a b", "a\tb", "é", '"abc', "a\x7f", '"a"b"']
)
def test_invalid_key_is_rejected(header):
    with pytest.raises(ValidationError) as error:
        read_key(request(header))

    assert error.value.get_full_details()["Idempotency-Key"]["code"] == "invalid_idempotency_key"
