"""The commands ``token``, ``rotate-token-key`` and ``hash-key`` of ``manage_all.py``, in the root of the repository."""

import argparse
import os
import re
import subprocess
import sys
from pathlib import Path

from issuer import api_keys, tokens
from issuer.environment import names
from issuer.keys import KeyFolder

KEYS_FILE = Path("gateway_project/deploy/gateway.toml")
RESERVED = ("key:", "service:", "staff:")  # the gateway refuses such subjects of tokens
SCOPE = re.compile(r"[!#-\[\]-~]+")  # RFC 6749, section 3.3


def main() -> None:
    """Parse the arguments and run the command; expected errors are reported without a traceback."""
    parser = argparse.ArgumentParser(prog="manage_all.py", allow_abbrev=False)
    parser.add_argument("--data-dir", type=Path, required=True, help=argparse.SUPPRESS)
    commands = parser.add_subparsers(dest="command", required=True)
    token = commands.add_parser("token", help="print an access token of the development issuer")
    holder = token.add_mutually_exclusive_group(required=True)
    holder.add_argument("--user", type=user_id, metavar="ID", help="of a user of the user service")
    holder.add_argument("--subject", type=subject, help="of a caller that is not a user")
    token.add_argument("--client", default="manage_all", help="the client that the token is issued to")
    token.add_argument("--seconds", type=int, default=3600, help="the lifetime, at most a day (86400)")
    commands.add_parser("rotate-token-key", help="sign tokens with a new key; existing tokens stay valid")
    key = commands.add_parser("hash-key", help=f"create an API key, print it once, and add its hash to {KEYS_FILE}")
    key.add_argument("id", help="of the key, such as partner")
    key.add_argument("--user", type=user_id, metavar="ID", help="the user for whom the key acts")
    key.add_argument("--rate-limit", type=rate_limit, help="such as 50/second")
    for command in (token, key):
        command.add_argument("--scope", nargs="+", action="extend", required=True, help="such as orders:read")
    options = parser.parse_args()
    try:
        run(options)
    except (api_keys.KeyRefusedError, ValueError) as error:
        sys.exit(f"Error: {error}")


def run(options: argparse.Namespace) -> None:
    """Run the command."""
    folder = KeyFolder(options.data_dir)
    if options.command != "hash-key" and os.environ.get("AUTH_JWKS"):
        raise ValueError("AUTH_JWKS is set: tokens are issued by that provider, not by the development issuer.")
    if options.command == "rotate-token-key":
        print(f"New tokens are signed with the key {folder.rotate().kid}; existing tokens stay valid.")
    elif options.command == "token":
        issuer, audience = names(os.environ).values()
        claims = {"iss": issuer, "aud": audience, "client_id": options.client}
        claims |= {"sub": options.subject or str(options.user)}
        claims |= {"scope": " ".join(scopes(options.scope))} | ({"user_id": options.user} if options.user else {})
        print(tokens.issue(folder, claims, seconds=options.seconds))
    else:
        new = api_keys.make_key(options.id)
        limit = options.rate_limit
        api_keys.store(
            KEYS_FILE, options.id, new, scopes=scopes(options.scope), rate_limit=limit, user_id=options.user
        )
        subprocess.run([sys.executable, "-P", "-m", "scaffold", "generate"], check=True)
        print(f"Only the hash is stored, in {KEYS_FILE}. The key is not shown again:\n{new}")


def user_id(text: str) -> int:
    """Parse the id of a user."""
    if not re.fullmatch(r"[1-9][0-9]{0,17}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not the id of a user")
    return int(text)


def subject(text: str) -> str:
    """Parse the subject of a token."""
    if not text.strip():
        raise argparse.ArgumentTypeError("a subject must not be empty")
    if text.startswith(RESERVED):
        raise argparse.ArgumentTypeError(
            f"subjects with {', '.join(RESERVED)} are reserved for API keys, services and sessions"
        )
    return text


def rate_limit(text: str) -> str:
    """Parse a rate limit, as in the routes file of the gateway."""
    if not re.fullmatch(r"[1-9][0-9]{0,8}/(second|minute|hour|day)", text):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a rate such as 50/second (units: second, minute, hour, day)"
        )
    return text


def scopes(given: list[str]) -> list[str]:
    """Return the scopes of all options, each of which may have several scopes separated by spaces.

    Raises:
        ValueError: a scope has characters that RFC 6749 does not allow.
    """
    found = [scope for text in given for scope in text.split()]
    for scope in found:
        if not SCOPE.fullmatch(scope):
            raise ValueError(f"{scope!r} is not a scope.")
    return found


main()
