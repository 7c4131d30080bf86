"""Verified tokens are cached until they expire. The clock is injected."""

import pytest

from identity.internal import Caller
from proxy.authentication import remembered
from proxy.authentication.principal import Principal
from proxy.authentication.remembered import RememberedTokens


@pytest.fixture
def clock():
    return {"now": 1000.0}


@pytest.fixture
def tokens(clock):
    return RememberedTokens(lambda: clock["now"])


def principal(expires_at=2000.0):
    return Principal(Caller("7"), expires_at=expires_at)


def test_principal_is_found_by_its_token(tokens):
    tokens.add("token", known := principal())

    assert tokens.find("token") is known
    assert tokens.find("another") is None


def test_principal_is_evicted_when_its_token_expires(tokens, clock):
    tokens.add("token", known := principal())
    clock["now"] = 1999.9
    assert tokens.find("token") is known

    clock["now"] = 2000.0

    assert tokens.find("token") is None


def test_cache_can_be_cleared(tokens):
    tokens.add("token", principal())

    tokens.clear()

    assert tokens.find("token") is None


def test_least_recently_used_token_is_evicted(tokens, monkeypatch):
    monkeypatch.setattr(remembered, "MOST_TOKENS", 3)
    for name in "abc":
        tokens.add(name, principal())
    tokens.find("a")

    tokens.add("d", principal())

    assert [name for name in "abcd" if tokens.find(name)] == ["a", "c", "d"]


def test_token_itself_is_not_stored(tokens):
    tokens.add("the-token", principal())

    assert "the-token" not in repr(vars(tokens))
