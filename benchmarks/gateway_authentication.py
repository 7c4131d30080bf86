"""Cost of authentication: CPU time of a proxied request with ``[auth]`` off, and on with a repeated token.

    python -m benchmarks.gateway_authentication --rounds 20 --seconds 1 [--before FOLDER] [--python PATH]

Measures gateways of one process each, in alternation, in front of the same upstream. ``--before`` names another
checkout, whose gateway is also measured. The ratios to the gateway with ``[auth]`` off are medians of the rounds.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from benchmarks import fixed_upstream
from benchmarks.gateway_throughput import alternate
from benchmarks.portal_cost import read
from benchmarks.processes import Server, gateway, running
from devservers.ports import find_free_port

SCOPES = 'scopes = { default = "users:read" }'
AUTH = """
[auth]
enabled = true
[[auth.issuers]]
issuer = "https://id.example.com"
audience = "gateway"
jwks = "{jwks}"
"""


def issue(folder: Path) -> tuple[str, str]:
    """Return the ``[auth]`` part of a routes file, and a token that is valid for an hour."""
    key = ec.generate_private_key(ec.SECP256R1())
    jwk = {**ECAlgorithm.to_jwk(key.public_key(), as_dict=True), "kid": "one"}
    (folder / "jwks.json").write_text(json.dumps({"keys": [jwk]}))
    now = int(time.time())
    claims = {
        "iss": "https://id.example.com",
        "aud": "gateway",
        "sub": "7",
        "iat": now,
        "exp": now + 3600,
        "scope": "users:read orders:read orders:write",
        "client_id": "shop",
    }
    token = jwt.encode(claims, key, "ES256", {"kid": "one", "typ": "at+jwt"})
    return AUTH.format(jwks=folder / "jwks.json"), token


def main() -> None:
    """Measure in alternation and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seconds", type=int, default=1)
    parser.add_argument("--before", type=Path)
    parser.add_argument("--python", default=sys.executable)
    options = parser.parse_args()
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        port = find_free_port()
        command = [options.python, str(Path(fixed_upstream.__file__)), str(port)]
        stack.enter_context(running(command, port, scratch, {}, scratch / "upstream.log"))
        url = f"http://127.0.0.1:{port}"
        auth, token = issue(scratch)

        def start(route: str, folder: Path | None = None) -> Server:
            shared = {"SERVICE_TOKEN": "for-benchmarks"}  # pragma: allowlist secret
            command, port, own, environment, log = gateway(options.python, url, scratch, route, **shared)
            return stack.enter_context(running(command, port, folder or own, environment, log))

        servers = {"off": start(SCOPES), "on, a repeated token": start(SCOPES + auth)}
        if options.before:
            servers["before"] = start("", options.before / "gateway_project")
        for server in servers.values():
            read(server, "/health/live")  # waits for its process
        costs = alternate(servers, options.rounds, options.seconds, f"Authorization: Bearer {token}")
        for name, values in costs.items():
            ratios = [own / other for own, other in zip(values, costs["off"], strict=True)]
            low, middle, high = statistics.quantiles(ratios, n=4)
            print(
                f"{name:22} {statistics.median(values):.4f} ms of CPU time; "
                f"ratio {middle:.3f} (half of them {low:.3f} to {high:.3f})"
            )


if __name__ == "__main__":
    main()
