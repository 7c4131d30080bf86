import time

import jwt
import pytest

from identity.internal import LEEWAY, LIFETIME, Caller, InvalidIdentity, sign, verify

CALLER = Caller("7", 7, frozenset({"orders:read", "orders:write"}), "shop", "")


def signed(caller=CALLER, *, audience="order", service_token="right" * 8, **arguments):
    return sign(caller, audience=audience, service_token=service_token, **arguments)


def verified(token, *, audience="order", service_tokens=("right" * 8,)):
    return verify(token, audience=audience, service_tokens=service_tokens)


def test_service_reads_the_caller_of_a_signed_identity():
    assert verified(signed()) == CALLER


def test_both_service_tokens_of_a_rotation_are_accepted():
    assert verified(signed(service_token="old"), service_tokens=["new", "old"]) == CALLER


@pytest.mark.parametrize(
    "token",
    [
        "",
        "no token",
        "a.b.c",
        signed(audience="user"),
        signed(service_token="wrong"),
        signed(issued_at=time.time() - LIFETIME - LEEWAY - 1),
        signed()[:-5],
        jwt.encode({"aud": "order", "sub": "7", "iat": 1, "exp": 9e9}, "right" * 8, "HS256", {"typ": "internal+jwt"}),
        jwt.encode({"aud": "order", "sub": "7"}, None, "none"),
        "ü" * 20,
    ],
    ids=["empty", "words", "dots", "audience", "key", "expired", "truncated", "underived key", "none", "not ASCII"],
)
def test_other_tokens_are_invalid(token):
    with pytest.raises(InvalidIdentity):
        verified(token)


@pytest.mark.parametrize("seconds", [LEEWAY - 1, -LIFETIME - 1])
def test_clocks_may_differ_a_little(seconds):
    assert verified(signed(issued_at=time.time() + seconds)) == CALLER
