import os
import re
import runpy
import shutil
import subprocess
import sys
import tomllib
from hashlib import sha256
from pathlib import Path

import jwt
import pytest

from issuer.api_keys import make_key, store

ROOT = Path(__file__).parents[3]
UNWANTED = ("AUTH_JWKS", "AUTH_ISSUER", "AUTH_AUDIENCE")


@pytest.fixture
def tree(tmp_path):
    """The working directory of commands, with the files that `generate` reads."""
    for folder in [ROOT / "devtools" / "template" / "example_project", *ROOT.glob("*_project")]:
        target = tmp_path / folder.relative_to(ROOT)
        shutil.copytree(folder, target, ignore=shutil.ignore_patterns("tests", "__pycache__"))
    shutil.copy(ROOT / "uv.lock", tmp_path)
    return tmp_path


@pytest.fixture
def run(tmp_path):
    def run(*arguments, **variables):
        environment = {name: value for name, value in os.environ.items() if name not in UNWANTED} | variables
        command = [sys.executable, "-P", "-m", "issuer", f"--data-dir={tmp_path / 'data'}", *arguments]
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    return run


@pytest.fixture
def refusal(tmp_path, monkeypatch, capsys):
    """Run a command in this process, and return its error message."""
    monkeypatch.chdir(tmp_path)
    for name in UNWANTED:
        monkeypatch.delenv(name, raising=False)

    def refuse(*arguments):
        monkeypatch.setattr(sys, "argv", ["issuer", f"--data-dir={tmp_path / 'data'}", *arguments])
        with pytest.raises(SystemExit) as ended:  # any other error would be a traceback
            runpy.run_module("issuer", run_name="__main__")
        assert ended.value.code
        return f"{ended.value.code} {capsys.readouterr().err}"

    return refuse


def claims(token):
    return jwt.decode(token, options={"verify_signature": False})


def test_token_prints_a_token_and_nothing_else(run):
    done = run("token", "--user", "7", "--scope", "orders:read", "--scope", "orders:write users:read")

    assert done.stderr == ""
    found = claims(done.stdout.strip())
    assert (found["sub"], found["user_id"]) == ("7", 7)
    assert found["scope"] == "orders:read orders:write users:read"


def test_caller_that_is_not_a_user_has_no_user_id(run):
    found = claims(run("token", "--subject", "billing", "--client", "cron", "--scope", "orders:all").stdout.strip())

    assert (found["sub"], found["client_id"], "user_id" in found) == ("billing", "cron", False)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["token", "--user", "7"], "required: --scope"),
        (["token", "--scope", "orders:read"], "--user --subject is required"),
        (["token", "--user", "7", "--scope", 'a"b'], "is not a scope"),
        (["token", "--user", "7", "--scope", "a", "--seconds", "100000"], "1 to 86400 seconds"),
        (["token", "--subject", " ", "--scope", "a"], "a subject must not be empty"),
        (["token", "--subject", "key:partner", "--scope", "a"], "are reserved for API keys, services and sessions"),
        (["token", "--user", "0", "--scope", "a"], "'0' is not the id of a user"),
        (["hash-key", "partner", "--scope", "a", "--user", "seven"], "'seven' is not the id of a user"),
        (["hash-key", "partner", "--scope", "a", "--rate-limit", "many"], "'many' is not a rate"),
        (["hash-key", "no_id", "--scope", "a"], '"no_id" is not a valid key id'),
    ],
)
def test_error_is_reported_without_a_traceback(refusal, arguments, reason):
    assert reason in refusal(*arguments)


@pytest.mark.parametrize("command", [["token", "--user", "7", "--scope", "a"], ["rotate-token-key"]])
def test_commands_are_refused_with_an_identity_provider(refusal, monkeypatch, tmp_path, command):
    monkeypatch.setenv("AUTH_JWKS", "https://id.example/keys")

    assert "AUTH_JWKS is set" in refusal(*command)
    assert not (tmp_path / "data").exists()


def test_rotate_token_key_changes_the_key_that_signs(run):
    before = run("token", "--user", "7", "--scope", "a").stdout

    assert run("rotate-token-key").returncode == 0

    after = run("token", "--user", "7", "--scope", "a").stdout
    assert jwt.get_unverified_header(before.strip())["kid"] != jwt.get_unverified_header(after.strip())["kid"]


def test_hash_key_stores_the_hash_and_prints_the_key(run, tree):
    done = run("hash-key", "partner", "--scope", "orders:read", "--rate-limit", "50/second", "--user", "7")

    key = done.stdout.split()[-1]
    assert re.fullmatch(r"gk_partner_[A-Za-z0-9_-]{43}", key), done.stderr
    routes = (tree / "gateway_project" / "gateway.toml").read_text()
    assert tomllib.loads(routes)["auth"]["keys"] == [
        {
            "id": "partner",
            "sha256": sha256(key.encode()).hexdigest(),
            "scopes": ["orders:read"],
            "rate_limit": "50/second",
            "user_id": 7,
        }
    ]
    assert all(key not in file.read_text(errors="replace") for file in tree.rglob("*") if file.is_file())


def test_hash_key_keeps_other_keys_and_refuses_a_duplicate_id(run, refusal, tree):
    file = tree / "gateway_project" / "deploy" / "gateway.toml"
    store(file, "partner", make_key("partner"), scopes=["orders:read"], rate_limit=None, user_id=None)

    assert run("hash-key", "shop", "--scope", "orders:read").returncode == 0

    assert 'has a key "partner" already' in refusal("hash-key", "partner", "--scope", "orders:read")
    assert [key["id"] for key in tomllib.loads(file.read_text())["auth"]["keys"]] == ["partner", "shop"]
