"""Verified tokens are cached until they expire. The clock is injected."""

import pytest

from identity.internal import Caller
from proxy.authentication import token_cache
from proxy.authentication.principal import Principal
from proxy.authentication.token_cache import TokenCache


@pytest.fixture
def clock():
    return {"now": 1000.0}


@pytest.fixture
def tokens(clock):
    return TokenCache(lambda: clock["now"])


def principal(expires_at=2000.0):
    return Principal(Caller("7"), expires_at=expires_at)


def test_principal_is_found_by_its_token(tokens):
    tokens.put("token", known := principal())

    assert tokens.get("token") is known
    assert tokens.get("another") is None


def test_principal_is_evicted_when_its_token_expires(tokens, clock):
    tokens.put("token", known := principal())
    clock["now"] = 1999.9
    assert tokens.get("token") is known

    clock["now"] = 2000.0

    assert tokens.get("token") is None


def test_cache_can_be_cleared(tokens):
    tokens.put("token", principal())

    tokens.clear()

    assert tokens.get("token") is None


def test_least_recently_used_token_is_evicted(tokens, monkeypatch):
    monkeypatch.setattr(token_cache, "MAX_TOKENS", 3)
    for name in "abc":
        tokens.put(name, principal())
    tokens.get("a")

    tokens.put("d", principal())

    assert [name for name in "abcd" if tokens.get(name)] == ["a", "c", "d"]


def test_token_itself_is_not_stored(tokens):
    tokens.put("the-token", principal())

    assert "the-token" not in repr(vars(tokens))
