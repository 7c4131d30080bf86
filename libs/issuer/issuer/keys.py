"""The key pair that signs tokens, and the JWK set (RFC 7517) of public keys."""

import json
import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from issuer.files import PRIVATE, PUBLIC, locked, replace

ALGORITHM = "ES256"
LONGEST_LIFETIME = 24 * 60 * 60  # seconds; of tokens, and of retired keys after their last token


@dataclass(frozen=True)
class SigningKey:
    """A private key in PEM, and its id."""

    kid: str
    pem: str


class KeyFolder:
    """The folder ``auth`` of a data folder: ``signing-key.json``, readable by its owner only, and ``jwks.json``."""

    def __init__(self, data_dir: Path) -> None:
        self.path = data_dir / "auth"
        self.jwks = self.path / "jwks.json"
        self._private = self.path / "signing-key.json"

    def signing_key(self) -> SigningKey:
        """Return the signing key; the first call generates it."""
        with locked(self.path):
            return self._read() or self._generate()

    def rotate(self) -> SigningKey:
        """Generate a new signing key. The old public key stays in the JWK set until its last token has expired."""
        with locked(self.path):
            return self._generate()

    def _read(self) -> SigningKey | None:
        try:
            return SigningKey(**json.loads(self._private.read_text()))
        except FileNotFoundError:
            return None

    def _generate(self) -> SigningKey:
        # Imported for a new key only: the import takes longer than the rest of a command.
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
        from jwt.algorithms import ECAlgorithm

        private = ec.generate_private_key(ec.SECP256R1())
        pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        made = SigningKey(secrets.token_hex(8), pem)
        public = ECAlgorithm.to_jwk(private.public_key(), as_dict=True)
        public |= {"kid": made.kid, "alg": ALGORITHM, "use": "sig"}
        # The public key first: a token must never be signed before it can be verified.
        replace(self.jwks, json.dumps({"keys": [public, *self._retired()]}, indent=2) + "\n", PUBLIC)
        replace(self._private, json.dumps({"kid": made.kid, "pem": made.pem}) + "\n", PRIVATE)
        return made

    def _retired(self) -> list[dict[str, Any]]:
        """Return the public keys with unexpired tokens; ``exp`` is the time when the last one expires."""
        now = int(time.time())
        try:
            keys = json.loads(self.jwks.read_text())["keys"]
        except FileNotFoundError:
            return []
        dated = [{"exp": now + LONGEST_LIFETIME} | key for key in keys]
        return [key for key in dated if key["exp"] > now]
