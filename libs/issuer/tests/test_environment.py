import pytest

from issuer.environment import AUDIENCE, ISSUER, development_environment, has_development_issuer


@pytest.mark.parametrize("environment", [{}, {"AUTH": ""}, {"AUTH": "false"}, {"AUTH": "0"}])
def test_without_auth_nothing_is_added_or_written(tmp_path, environment):
    assert development_environment(tmp_path, environment) == {}
    assert [*tmp_path.iterdir()] == []


def test_auth_gets_a_development_issuer_and_a_service_token(tmp_path):
    added = development_environment(tmp_path, {"AUTH": "true"})

    assert added["AUTH_JWKS"] == str(tmp_path / "auth" / "jwks.json")
    assert (added["AUTH_ISSUER"], added["AUTH_AUDIENCE"]) == (ISSUER, AUDIENCE)
    assert len(added["SERVICE_TOKEN"]) >= 32


def test_all_processes_get_the_same_environment(tmp_path):
    assert development_environment(tmp_path, {"AUTH": "true"}) == development_environment(tmp_path, {"AUTH": "true"})


def test_the_service_token_can_be_read_by_its_owner_only(tmp_path):
    added = development_environment(tmp_path, {"AUTH": "true"})

    (file,) = [file for file in (tmp_path / "auth").iterdir() if added["SERVICE_TOKEN"] in file.read_text()]
    assert file.stat().st_mode & 0o777 == 0o600


def test_identity_provider_disables_the_development_issuer(tmp_path):
    added = development_environment(tmp_path, {"AUTH": "true", "AUTH_JWKS": "https://id.example/keys"})

    assert [*added] == ["SERVICE_TOKEN"]
    assert not has_development_issuer({"AUTH": "true", "AUTH_JWKS": "https://id.example/keys"})


@pytest.mark.parametrize("name", ["SERVICE_TOKEN", "SERVICE_TOKEN_FILE"])
def test_configured_service_token_is_kept(tmp_path, name):
    assert "SERVICE_TOKEN" not in development_environment(tmp_path, {"AUTH": "true", name: "own"})


def test_configured_names_are_kept(tmp_path):
    added = development_environment(tmp_path, {"AUTH": "true", "AUTH_ISSUER": "urn:own", "AUTH_AUDIENCE": "shop"})

    assert (added["AUTH_ISSUER"], added["AUTH_AUDIENCE"]) == ("urn:own", "shop")
