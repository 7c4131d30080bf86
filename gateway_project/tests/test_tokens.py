"""Verification of access tokens: good tokens are accepted, all others are refused."""

import hashlib
import hmac
import json
import time
import warnings

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.authentication.errors import InvalidTokenError, KeysUnavailableError
from proxy.authentication.key_set import KeySet
from proxy.authentication.policy import Issuer
from proxy.authentication.tokens import MAX_CHARACTERS, TokenVerifier
from tests.issuer import AUDIENCE, ISSUER, SigningKey, claims, encoded, key_set, token

OTHER_ISSUER = "https://other.example.com"
KEY, RSA_KEY = SigningKey(), SigningKey("rsa", "RS256")
OTHER_KEY, ATTACKER_KEY = SigningKey("other"), SigningKey()


class Fixed:
    """A key source whose content never changes."""

    def __init__(self, content):
        self.content = content

    def is_due(self, age, *, is_key_unknown):
        return False

    def read(self):
        return self.content.encode()


def verifier(*, keys=(KEY, RSA_KEY), **options):
    issuers = [
        Issuer(ISSUER, AUDIENCE, "unused", **options),
        Issuer(OTHER_ISSUER, AUDIENCE, "unused"),
    ]
    sources = Fixed(key_set(*keys)), Fixed(key_set(OTHER_KEY))
    key_sets = {
        issuer.issuer: KeySet(issuer, lambda: None, source) for issuer, source in zip(issuers, sources, strict=True)
    }
    return TokenVerifier(issuers, key_sets)


VERIFIER = verifier()


def hmac_token(secret, header=None):
    """Return a token signed with ``secret`` as an HMAC key. PyJWT refuses to sign with a public key."""
    signed = encoded({"typ": "at+jwt", "alg": "HS256", "kid": "one"} | (header or {})) + "." + encoded(claims())
    return f"{signed}.{encoded(hmac.digest(secret, signed.encode(), hashlib.sha256))}"


def unsigned_token(**header):
    return ".".join([encoded({"typ": "at+jwt", "kid": "one", "alg": "none"} | header), encoded(claims()), ""])


def replaced(text, part, value):
    parts = text.split(".")
    parts[part] = value
    return ".".join(parts)


NOW = int(time.time())
BAD = {
    "expired": token(KEY, exp=NOW - 60),
    "not yet valid": token(KEY, nbf=NOW + 43200),
    "issued in the future": token(KEY, iat=NOW + 43200),
    "without exp": token(KEY, exp=None),
    "without iss": token(KEY, iss=None),
    "without aud": token(KEY, aud=None),
    "without sub": token(KEY, sub=None),
    "of another audience": token(KEY, aud="another"),
    "of several other audiences": token(KEY, aud=["another", "third"]),
    "of an audience that is a number": jwt.encode(claims() | {"aud": 5}, KEY.private, "ES256", {"kid": "one"}),
    "of an unknown issuer": token(KEY, iss="https://evil.example"),
    "with exp as text": replaced(token(KEY), 1, encoded(claims(exp=str(NOW + 300)))),
    "with an empty sub": token(KEY, sub=""),
    "with the sub of an API key": token(KEY, sub="key:partner"),
    "with the sub of a service": token(KEY, sub="service:order"),
    "with NUL in the sub": token(KEY, sub="7\0"),
    "with half a surrogate pair in the sub": token(KEY, sub="7\ud800"),
    "alg none": unsigned_token(),
    "alg NONE": unsigned_token(alg="NONE"),
    "alg missing": replaced(token(KEY), 0, encoded({"typ": "at+jwt", "kid": "one"})),
    "HS256 with the public key as PEM": hmac_token(KEY.pem),
    "HS256 with the public RSA key as PEM": hmac_token(RSA_KEY.pem, {"kid": "rsa"}),
    "HS256 with the public key as JWK": hmac_token(json.dumps(KEY.jwk).encode()),
    "HS256 with the key set": hmac_token(key_set(KEY, RSA_KEY).encode()),
    "RS256 that names a key of ES256": token(RSA_KEY, {"kid": "one"}),
    "ES256 that names a key of RS256": token(KEY, {"kid": "rsa"}),
    "unknown kid": token(SigningKey("unknown")),
    "without kid": replaced(token(KEY), 0, encoded({"typ": "at+jwt", "alg": "ES256"})),
    "a kid that is a number": replaced(token(KEY), 0, encoded({"typ": "at+jwt", "alg": "ES256", "kid": 1})),
    "a kid that is a path": token(KEY, {"kid": "../../../../dev/null"}),
    "signed by another key of the same name": token(ATTACKER_KEY),
    "key of another issuer": token(OTHER_KEY),
    "key of another issuer with the kid of this one": token(OTHER_KEY, {"kid": "one"}),
    "key in the header": token(ATTACKER_KEY, {"jwk": ATTACKER_KEY.jwk}),
    "wrong typ": token(KEY, {"typ": "JWT"}),
    "typ of an internal identity": token(KEY, {"typ": "internal+jwt"}),
    "typ that is a list": replaced(token(KEY), 0, encoded({"typ": ["at+jwt"], "alg": "ES256", "kid": "one"})),
    "without typ": replaced(token(KEY), 0, encoded({"alg": "ES256", "kid": "one"})),
    "nested": token(KEY, {"cty": "JWT"}),
    "nested in itself": encoded(token(KEY)),
    "critical extension": token(KEY, {"crit": ["exp"]}),
    "huge": token(KEY, padding="x" * MAX_CHARACTERS),
    "non-ASCII": token(KEY) + "é",
    "surrogates": token(KEY) + "\udcff",
    "null": "\0",
    "empty": "",
    "dots": "..",
    "five parts": token(KEY) + ".a.b",
    "truncated": token(KEY)[:-10],
    "padded": token(KEY) + "==",
    "without signature": token(KEY).rpartition(".")[0] + ".",
    "with a changed payload": replaced(token(KEY), 1, encoded(claims(sub="1"))),
    "with a payload that is a list": replaced(token(KEY), 1, encoded([1])),
    "with a payload of deep lists": replaced(token(KEY), 1, encoded("[" * 5000)),
    "with a header of deep lists": replaced(token(KEY), 0, encoded("[" * 5000)),
    "with an infinite exp": replaced(
        token(KEY), 1, encoded(json.dumps(claims()).replace('"exp": ', '"exp": 1e999, "x": '))
    ),
    "with an issuer that is a list": replaced(token(KEY), 1, encoded(claims(iss=[ISSUER]))),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_bad_token_is_refused(bad):
    with pytest.raises(InvalidTokenError) as refusal:
        VERIFIER.verify(bad)

    assert refusal.value.status == 401
    assert refusal.value.headers["WWW-Authenticate"].startswith('Bearer realm="gateway", error="invalid_token"')


@pytest.mark.parametrize("header", [{}, {"kid": "rsa", "alg": "RS256"}])
def test_signed_token_with_an_invalid_expiration_is_refused(header):
    for exp in (1e999, True, "9999999999", [], None, {}, -1, 10**400):
        content = json.dumps(claims() | {"exp": exp}).encode()
        text = jwt.PyJWS().encode(content, KEY.private, "ES256", {"typ": "at+jwt", "kid": "one"})
        with pytest.raises(InvalidTokenError):
            VERIFIER.verify(text)


def test_good_token_has_a_caller():
    principal = VERIFIER.verify(token(KEY, client_id="shop"))

    caller = principal.caller
    assert (caller.subject, caller.user_id, caller.client, caller.key_id) == ("7", 7, "shop", "")
    assert caller.scopes == {"things:read"}
    assert principal.issuer == ISSUER


@pytest.mark.parametrize("key", [KEY, RSA_KEY])
@pytest.mark.parametrize(
    "changes", [{}, {"aud": ["x", AUDIENCE]}, {"iat": None}, {"nbf": NOW - 5}, {"exp": NOW + 86400.5}]
)
def test_good_tokens_are_accepted(key, changes):
    assert VERIFIER.verify(token(key, **changes)).caller.subject == "7"


def test_clocks_may_differ_by_half_a_minute():
    now = int(time.time())

    assert VERIFIER.verify(token(KEY, exp=now - 20))
    assert VERIFIER.verify(token(KEY, iat=now + 20, nbf=now + 20))


@pytest.mark.parametrize(
    ("expected", "accepted", "refused"),
    [
        ("at+jwt", ["at+jwt", "AT+JWT", "application/at+jwt"], ["JWT", None, "id+jwt"]),
        ("JWT", ["JWT", "jwt"], ["at+jwt", None]),
        ("", ["JWT", "at+jwt", None], ["internal+jwt", "logout+jwt", "secevent+jwt"]),
    ],
)
def test_token_type_is_a_setting_of_the_issuer(expected, accepted, refused):
    checked = verifier(token_type=expected)

    for typ in accepted:
        assert checked.verify(token(KEY, {"typ": typ}))
    for typ in refused:
        with pytest.raises(InvalidTokenError):
            checked.verify(token(KEY, {"typ": typ}))


@pytest.mark.parametrize(
    ("changes", "user_id"),
    [
        ({"sub": "12"}, 12),
        ({"sub": "auth0|12"}, None),
        ({"sub": "012"}, None),  # another subject than "12"
        ({"sub": "12", "user_id": 13}, 13),
        ({"sub": "12", "user_id": "13"}, 13),
        ({"sub": "12", "user_id": "thirteen"}, None),
        ({"sub": "12", "user_id": True}, None),
        ({"sub": "12", "user_id": -1}, None),
        ({"sub": "12", "user_id": 1.5}, None),
        ({"sub": "12", "user_id": [13]}, None),
        ({"sub": "12", "user_id": 10**19}, None),
        ({"sub": "12", "user_id": 2**63}, None),
        ({"sub": "12", "user_id": 2**63 - 1}, 2**63 - 1),
        ({"sub": "١٢"}, None),
    ],
)
def test_user_is_the_first_claim_that_is_present(changes, user_id):
    assert VERIFIER.verify(token(KEY, **changes)).caller.user_id == user_id


@pytest.mark.parametrize(
    ("changes", "scopes"),
    [
        ({"scope": "a b"}, {"a", "b"}),
        ({"scope": ["a", "b"]}, {"a", "b"}),
        ({"scope": None, "scp": "a b"}, {"a", "b"}),
        ({"scope": "a", "scp": ["b"]}, {"a", "b"}),
        ({"scope": 5}, set()),
        ({"scope": ["a", 5, None]}, {"a"}),
        ({"scope": None}, set()),
    ],
)
def test_scopes_are_a_string_or_a_list(changes, scopes):
    assert VERIFIER.verify(token(KEY, **changes)).caller.scopes == scopes


def test_claims_with_scopes_and_user_are_settings_of_the_issuer():
    checked = verifier(scope_claims=("permissions",), user_claims=("https://shop.example/user",))

    caller = checked.verify(token(KEY, permissions=["a"], **{"https://shop.example/user": 4})).caller

    assert (caller.scopes, caller.user_id) == ({"a"}, 4)


def test_algorithm_that_is_not_configured_is_refused():
    checked = verifier(algorithms=("ES256",))

    assert checked.verify(token(KEY))
    with pytest.raises(InvalidTokenError):
        checked.verify(token(RSA_KEY))


WEAK = SigningKey("weak", "RS256")
WEAK.private = rsa.generate_private_key(65537, 1024)


class PrivateKey(SigningKey):
    @property
    def jwk(self):
        return {**jwt.algorithms.ECAlgorithm.to_jwk(self.private, as_dict=True), "kid": self.kid}


class ChangedKey(SigningKey):
    def __init__(self, **changes):
        super().__init__("changed")
        self.changes = changes

    @property
    def jwk(self):
        return super().jwk | self.changes


@pytest.mark.parametrize(
    "key",
    [
        WEAK,
        PrivateKey("private"),
        SigningKey("curve", curve=ec.SECP384R1()),
        ChangedKey(use="enc"),
        ChangedKey(alg="ES384"),
        ChangedKey(x="AA"),
        ChangedKey(kty="oct", k="c2VjcmV0"),
    ],
)
def test_unsuitable_key_verifies_no_token(key):
    checked = verifier(keys=[KEY, key])

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        bad = (
            token(key)
            if key.kid != "curve"
            else replaced(token(ATTACKER_KEY), 0, encoded({"kid": "curve", "alg": "ES256", "typ": "at+jwt"}))
        )
    with pytest.raises(InvalidTokenError):
        checked.verify(bad)
    assert checked.verify(token(KEY))


def test_without_keys_a_token_is_refused_with_503():
    with pytest.raises(KeysUnavailableError) as refusal:
        verifier(keys=[]).verify(token(KEY))

    assert (refusal.value.status, refusal.value.headers["Retry-After"]) == (503, "5")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
GOOD = token(KEY, exp=NOW + 86400)
CLAIMS = ["exp", "iss", "aud", "sub", "nbf", "iat", "scope", "scp", "user_id", "client_id", "azp"]
HEADERS = ["alg", "kid", "typ", "cty", "crit", "b64", "jku", "jwk", "x5u", "x5c"]


@settings(deadline=None)
@given(
    st.text()
    | st.lists(st.binary(max_size=40), min_size=1, max_size=6).map(lambda parts: ".".join(map(encoded, parts)))
)
def test_arbitrary_text_is_refused(text):
    with pytest.raises(InvalidTokenError):
        VERIFIER.verify(text)


@settings(deadline=None)
@given(st.integers(0, len(GOOD) - 1), st.characters())
def test_each_changed_character_is_refused(position, character):
    changed = GOOD[:position] + character + GOOD[position + 1 :]
    try:
        principal = VERIFIER.verify(changed)
    except InvalidTokenError:
        return
    # The last character of base64 has unused bits.
    assert changed == GOOD or position == len(GOOD) - 1
    assert principal.caller.subject == "7"


@settings(deadline=None)
@given(st.integers(0, len(GOOD) - 1))
def test_each_truncated_token_is_refused(length):
    with pytest.raises(InvalidTokenError):
        VERIFIER.verify(GOOD[:length])


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(HEADERS) | st.text(max_size=5), json_values, max_size=4), json_values)
def test_unsigned_headers_and_claims_are_refused(header, payload):
    good = {"alg": "ES256", "kid": "one", "typ": "at+jwt"}
    for body in (payload, claims(), claims() | {"iss": payload}):
        with pytest.raises(InvalidTokenError):
            VERIFIER.verify(f"{encoded(good | header)}.{encoded(body)}.{encoded('signature')}")


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(CLAIMS), json_values, max_size=4))
def test_signed_claims_of_any_type_are_accepted_or_refused(changes):
    content = json.dumps(claims() | changes).encode()
    text = jwt.PyJWS().encode(content, KEY.private, "ES256", {"typ": "at+jwt", "kid": "one"})
    try:
        caller = VERIFIER.verify(text).caller
    except InvalidTokenError:
        return
    assert caller.subject
    assert isinstance(caller.subject, str)
    assert isinstance(caller.client, str)
    assert caller.user_id is None or caller.user_id >= 0
    assert all(isinstance(scope, str) for scope in caller.scopes)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(HEADERS[3:]) | st.text(max_size=5), json_values, max_size=4))
def test_signed_headers_of_any_type_choose_no_other_key(header):
    signed = f"{encoded({'alg': 'ES256', 'kid': 'one', 'typ': 'at+jwt'} | header)}.{encoded(claims())}"
    algorithm = jwt.algorithms.get_default_algorithms()["ES256"]
    for key, is_known in ((KEY, True), (ATTACKER_KEY, False)):
        text = f"{signed}.{encoded(algorithm.sign(signed.encode(), key.private))}"
        try:
            VERIFIER.verify(text)
        except InvalidTokenError:
            continue
        assert is_known
        assert not {"crit", "cty"} & set(header)
