import json
import stat
import time

import jwt
import pytest

from issuer import keys, tokens
from issuer.keys import KeyFolder


@pytest.fixture
def folder(tmp_path):
    return KeyFolder(tmp_path)


CLAIMS = {"iss": "urn:issuer", "aud": "gateway", "sub": "7", "client_id": "shop", "scope": "orders:read orders:write"}


def issue(folder, seconds=60):
    return tokens.issue(folder, CLAIMS, seconds=seconds)


def verify(folder, token):
    """Verify the token by the public keys, as a gateway does."""
    found = jwt.PyJWKSet.from_json(folder.jwks.read_text())
    key = found[jwt.get_unverified_header(token)["kid"]]
    return jwt.decode(token, key, ["ES256"], audience="gateway", issuer="urn:issuer")


def test_token_conforms_to_rfc_9068(folder):
    token = issue(folder)

    claims, now = verify(folder, token), time.time()
    assert jwt.get_unverified_header(token)["typ"] == "at+jwt"
    assert {**CLAIMS, **claims} == claims
    assert now - 60 < claims["iat"] <= now < claims["exp"] <= now + 60
    assert claims["jti"] != verify(folder, issue(folder))["jti"]


@pytest.mark.parametrize("seconds", [0, -1, 24 * 60 * 60 + 1])
def test_lifetime_of_a_token_is_at_most_a_day(folder, seconds):
    with pytest.raises(ValueError, match="1 to 86400 seconds"):
        issue(folder, seconds=seconds)


def test_only_the_owner_can_read_the_private_key(folder):
    issue(folder)

    private = [file.name for file in folder.path.iterdir() if "PRIVATE" in file.read_text()]
    assert private == ["signing-key.json"]
    assert stat.S_IMODE((folder.path / "signing-key.json").stat().st_mode) == 0o600
    assert {"d"} & {name for key in json.loads(folder.jwks.read_text())["keys"] for name in key} == set()


def test_tokens_of_the_old_key_stay_valid_after_a_rotation(folder):
    old = issue(folder)

    folder.rotate()

    new = issue(folder)
    assert jwt.get_unverified_header(new)["kid"] != jwt.get_unverified_header(old)["kid"]
    assert verify(folder, old)["sub"] == verify(folder, new)["sub"] == "7"


def test_old_key_is_removed_after_its_last_token_has_expired(folder, monkeypatch):
    old = folder.signing_key().kid
    folder.rotate()
    now = time.time()
    monkeypatch.setattr(keys.time, "time", lambda: now + keys.LONGEST_LIFETIME - 5)
    assert old in {key["kid"] for key in json.loads(folder.jwks.read_text())["keys"]}

    monkeypatch.setattr(keys.time, "time", lambda: now + keys.LONGEST_LIFETIME + 5)
    folder.rotate()

    assert old not in {key["kid"] for key in json.loads(folder.jwks.read_text())["keys"]}


def test_interrupted_rotation_leaves_valid_keys(folder, monkeypatch):
    issue(folder)
    written = []

    def replace_once(file, *arguments):
        if written:
            raise KeyboardInterrupt
        written.append(file)
        replace(file, *arguments)

    replace = keys.replace
    monkeypatch.setattr(keys, "replace", replace_once)
    with pytest.raises(KeyboardInterrupt):
        folder.rotate()

    assert verify(folder, issue(folder))["sub"] == "7"
