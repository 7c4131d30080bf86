"""The settings of ``[auth]`` in the routes file, and the messages for invalid ones."""

import re

import pytest

from proxy.authentication.policy import ApiKey, Issuer
from proxy.configuration import ConfigurationError, read
from tests.process import PROJECT

UPSTREAM = '[upstreams.a]\nurls = ["http://127.0.0.1:1"]\n'
ROUTE = '[[routes]]\npath = "/x"\nupstream = "a"\n'
SCOPED = ROUTE + 'scopes = { default = "x" }\n'
AUTH = "[auth]\nenabled = true\n"
ISSUER = '[[auth.issuers]]\nissuer = "https://id"\naudience = "gateway"\njwks = "https://id/jwks"\n'
KEY = f'[[auth.keys]]\nid = "partner"\nsha256 = "{"a" * 64}"\nscopes = ["x:read"]\n'


@pytest.fixture(autouse=True)
def _environment(monkeypatch):
    monkeypatch.setenv("SERVICE_TOKEN", "token")
    for name in ("AUTH", "AUTH_ISSUER", "AUTH_AUDIENCE", "AUTH_JWKS", "AUTH_TOKENS", "AUTH_TOKEN_TYPE"):
        monkeypatch.delenv(name, raising=False)


def reading(tmp_path, *parts):
    file = tmp_path / "gateway.toml"
    file.write_text("".join([*parts, UPSTREAM]))
    return read(file)


def refusal(tmp_path, *parts):
    with pytest.raises(ConfigurationError) as error:
        reading(tmp_path, *parts)
    assert str(error.value).startswith(str(tmp_path / "gateway.toml"))
    return str(error.value).partition(": ")[2]


def test_missing_settings_have_defaults(tmp_path):
    policy = reading(tmp_path, AUTH, ISSUER, KEY, SCOPED).auth

    assert policy.issuers == (Issuer("https://id", "gateway", "https://id/jwks"),)
    assert policy.issuers[0].algorithms == ("ES256", "RS256")
    assert policy.issuers[0].token_type == "at+jwt"
    assert policy.keys == (ApiKey("partner", "a" * 64, frozenset({"x:read"})),)


def test_every_setting_is_read(tmp_path):
    issuer = (
        ISSUER
        + """
    algorithms = ["PS256", "EdDSA"]
    token_type = ""
    user_claims = ["uid"]
    scope_claims = ["permissions"]
    """
    )
    key = KEY + 'rate_limit = "5/minute"\nuser_id = 7\n'
    policy = reading(tmp_path, AUTH, 'failure_limit = "9/hour"\n', issuer, key, SCOPED).auth

    assert policy.failure_limit == (9, 3600)
    assert policy.issuers[0].algorithms == ("PS256", "EdDSA")
    assert (policy.issuers[0].token_type, policy.issuers[0].user_claims) == ("", ("uid",))
    assert policy.issuers[0].scope_claims == ("permissions",)
    assert (policy.keys[0].rate_limit, policy.keys[0].user_id) == ((5, 60), 7)


def test_environment_variables_are_substituted_in_scopes(tmp_path, monkeypatch):
    monkeypatch.setenv("SCOPE", "a b")
    route = ROUTE + 'scopes = { GET = "${SCOPE}", default = "${NONE:-c}" }\n'

    assert reading(tmp_path, AUTH, KEY, route).routes[0].scopes == {"GET": {"a", "b"}, "default": {"c"}}


def test_scopes_of_routes_are_read(tmp_path):
    scopes = 'scopes = { GET = "a", POST = "a b", default = "c" }\nsession_cookie = "sid"\n'
    public = ROUTE.replace("/x", "/y") + "public = true\n"
    first, second = reading(tmp_path, AUTH, KEY, ROUTE, scopes, public).routes

    assert first.scopes == {"GET": {"a"}, "POST": {"a", "b"}, "default": {"c"}}
    assert first.session_cookie == "sid"
    assert second.public


def test_file_of_keys_is_relative_to_the_routes_file(tmp_path):
    policy = reading(tmp_path, AUTH, ISSUER.replace("https://id/jwks", "keys/jwks.json"), SCOPED).auth

    assert policy.issuers[0].jwks == str(tmp_path / "keys" / "jwks.json")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_keys_at_a_loopback_address_need_no_tls(tmp_path, host):
    assert reading(tmp_path, AUTH, ISSUER.replace("https://id/jwks", f"http://{host}:1/jwks"), SCOPED).auth.issuers


def test_variable_can_disable_an_issuer(tmp_path, monkeypatch):
    issuer = (
        '[[auth.issuers]]\nenabled = "${AUTH_TOKENS:-true}"\nissuer = "${AUTH_ISSUER}"\naudience = "a"\njwks = "k"\n'
    )
    assert refusal(tmp_path, AUTH, issuer, KEY, SCOPED).startswith("auth.issuers[1].issuer: the environment variable")
    monkeypatch.setenv("AUTH_TOKENS", "false")

    assert reading(tmp_path, AUTH, issuer, KEY, SCOPED).auth.issuers == ()


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ([AUTH, "colour = 1\n", ISSUER, SCOPED], "auth.colour: unknown key"),
        (["auth = 5\n"], "auth: must be a table"),
        (["[auth]\nenabled = 1\n"], "auth.enabled: must be true or false"),
        ([AUTH, 'failure_limit = "many"\n', ISSUER, SCOPED], 'auth.failure_limit: "many" is not a rate'),
        ([AUTH, SCOPED], "auth.enabled: needs at least one of [[auth.issuers]] or [[auth.keys]]"),
        ([AUTH, ISSUER, ROUTE], "routes[1].scopes: is required while auth.enabled is true"),
        ([AUTH, ISSUER, ISSUER, SCOPED], 'auth.issuers[2].issuer: "https://id" is already used by auth.issuers[1]'),
        ([AUTH, KEY, KEY, SCOPED], 'auth.keys[2].id: "partner" is already used by auth.keys[1]'),
        (
            [AUTH, KEY, KEY.replace("partner", "other"), SCOPED],
            f'auth.keys[2].sha256: "{"a" * 64}" is already used by auth.keys[1]',
        ),
        ([AUTH, ISSUER, "colour = 1\n", SCOPED], "auth.issuers[1].colour: unknown key"),
        ([AUTH, ISSUER.replace("issuer =", "name ="), SCOPED], "auth.issuers[1].issuer: is required"),
        ([AUTH, ISSUER.replace('"gateway"', '" "'), SCOPED], "auth.issuers[1].audience: must not be empty"),
        ([AUTH, ISSUER.replace('"gateway"', "5"), SCOPED], "auth.issuers[1].audience: must be a string"),
        ([AUTH, ISSUER.replace('"gateway"', '"${NOT_SET}"'), SCOPED], "auth.issuers[1].audience: the environment"),
        (
            [AUTH, ISSUER.replace("https://id/", "http://id/"), SCOPED],
            'auth.issuers[1].jwks: "http://id/jwks" must be',
        ),
        (
            [AUTH, ISSUER.replace("https://id/", "ftp://id/"), SCOPED],
            'auth.issuers[1].jwks: "ftp://id/jwks" is',
        ),
        (
            [AUTH, ISSUER.replace("https://id/", "https:///"), SCOPED],
            'auth.issuers[1].jwks: "https:///jwks" is',
        ),
        ([AUTH, ISSUER.replace("https://id/", "https://u:p@id/"), SCOPED], "auth.issuers[1].jwks:"),
        ([AUTH, ISSUER, 'algorithms = ["HS256"]\n', SCOPED], 'auth.issuers[1].algorithms: "HS256" is not accepted'),
        (
            [AUTH, ISSUER, 'algorithms = ["ES256", "none"]\n', SCOPED],
            'auth.issuers[1].algorithms: "none" is not accepted',
        ),
        ([AUTH, ISSUER, 'algorithms = ["ES1"]\n', SCOPED], 'auth.issuers[1].algorithms: "ES1" is not one of'),
        ([AUTH, ISSUER, "algorithms = []\n", SCOPED], "auth.issuers[1].algorithms: must be a list"),
        ([AUTH, ISSUER, "user_claims = []\n", SCOPED], "auth.issuers[1].user_claims: must be a list"),
        ([AUTH, KEY.replace("partner", "Partner_1"), SCOPED], 'auth.keys[1].id: "Partner_1" must consist'),
        ([AUTH, KEY.replace("a" * 64, "a" * 63), SCOPED], "auth.keys[1].sha256: must be a SHA-256 hash"),
        ([AUTH, KEY.replace("a" * 64, "g" * 64), SCOPED], "auth.keys[1].sha256: must be a SHA-256 hash"),
        ([AUTH, KEY.replace('["x:read"]', '"x:read"'), SCOPED], "auth.keys[1].scopes: must be a list"),
        ([AUTH, KEY, 'rate_limit = "5"\n', SCOPED], 'auth.keys[1].rate_limit: "5" is not a rate'),
        ([AUTH, KEY, 'user_id = "7a"\n', SCOPED], "auth.keys[1].user_id: must be a whole number"),
        ([AUTH, KEY, "colour = 1\n", SCOPED], "auth.keys[1].colour: unknown key"),
        ([SCOPED, "public = true\n"], "routes[1].scopes: has no use on a route with public = true"),
        ([ROUTE, 'public = true\nsession_cookie = "a"\n'], "routes[1].session_cookie: has no use on a route"),
        ([ROUTE, 'session_cookie = "a b"\n'], 'routes[1].session_cookie: "a b" is not the name of a cookie'),
        ([ROUTE, 'scopes = "a"\n'], "routes[1].scopes: must be a table"),
        ([ROUTE, "scopes = {}\n"], "routes[1].scopes: must be a table"),
        ([ROUTE, 'scopes = { "G T" = "a" }\n'], 'routes[1].scopes: "G T" is not a method'),
        ([ROUTE, 'scopes = { get = "a" }\n'], 'routes[1].scopes: "get" must be in upper case'),
        ([ROUTE, 'scopes = { GET = "" }\n'], 'routes[1].scopes: "" is not a scope'),
        ([ROUTE, "scopes = { GET = 5 }\n"], "routes[1].scopes: must be a string"),
        ([ROUTE, "scopes = { GET = 'a\"b' }\n"], "routes[1].scopes:"),
        ([ROUTE, 'methods = ["GET"]\nscopes = { POST = "a" }\n'], "routes[1].scopes: POST is not among methods"),
    ],
)
def test_invalid_setting_is_refused_with_key_and_reason(tmp_path, parts, message):
    assert refusal(tmp_path, *parts).startswith(message)


def test_service_token_is_required(tmp_path, monkeypatch):
    monkeypatch.delenv("SERVICE_TOKEN")

    assert refusal(tmp_path, AUTH, ISSUER, SCOPED).startswith("auth.enabled: needs SERVICE_TOKEN")


def test_service_token_may_be_in_a_file(tmp_path, monkeypatch):
    monkeypatch.delenv("SERVICE_TOKEN")
    (tmp_path / "token").write_text("token")
    monkeypatch.setenv("SERVICE_TOKEN_FILE", str(tmp_path / "token"))

    assert reading(tmp_path, AUTH, ISSUER, SCOPED).auth.enabled


def test_disabled_route_needs_no_scope(tmp_path):
    assert reading(tmp_path, AUTH, ISSUER, ROUTE, "enabled = false\n").routes == ()


def test_variables_need_not_be_set_while_auth_is_off(tmp_path, monkeypatch):
    monkeypatch.delenv("SERVICE_TOKEN")
    issuer = '[[auth.issuers]]\nissuer = "${AUTH_ISSUER}"\naudience = "${AUTH_AUDIENCE}"\njwks = "${AUTH_JWKS}"\n'

    configuration = reading(tmp_path, '[auth]\nenabled = "${AUTH:-false}"\n', issuer, KEY, ROUTE)

    assert not configuration.auth.enabled
    assert configuration.auth.issuers == ()


def test_unknown_keys_are_refused_while_auth_is_off(tmp_path):
    assert refusal(tmp_path, "[auth]\n", ISSUER, "colour = 1\n") == "auth.issuers[1].colour: unknown key"
    assert refusal(tmp_path, "[auth]\n", KEY, "colour = 1\n") == "auth.keys[1].colour: unknown key"


@pytest.mark.parametrize(
    ("settings", "missing"),
    [
        ({"SERVICE_TOKEN": "x"}, "auth.issuers[1].issuer: the environment variable AUTH_ISSUER is not set"),
        ({"AUTH_ISSUER": "i", "AUTH_AUDIENCE": "a", "AUTH_JWKS": "j"}, "auth.enabled: needs SERVICE_TOKEN"),
        ({"SERVICE_TOKEN": "x", "AUTH_TOKENS": "false"}, "auth.enabled: needs at least one of"),
    ],
)
def test_missing_settings_of_the_generated_file_are_named(monkeypatch, settings, missing):
    monkeypatch.delenv("SERVICE_TOKEN")
    for name, value in {"AUTH": "true", **settings}.items():
        monkeypatch.setenv(name, value)

    with pytest.raises(ConfigurationError, match=re.escape(missing)):
        read(PROJECT / "gateway.toml")
