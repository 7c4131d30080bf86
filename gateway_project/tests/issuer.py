"""An issuer of access tokens for tests: key pairs, key sets, and tokens that differ from a good one."""

import base64
import json
import time

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

ISSUER, AUDIENCE = "https://id.example.com", "gateway"


class SigningKey:
    """A key pair with a ``kid``."""

    def __init__(self, kid="one", algorithm="ES256", curve=None):
        self.kid, self.algorithm = kid, algorithm
        if algorithm.startswith("RS"):
            self.private = rsa.generate_private_key(65537, 2048)
        else:
            self.private = ec.generate_private_key(curve or ec.SECP256R1())

    @property
    def jwk(self):
        kind = RSAAlgorithm if self.algorithm.startswith("RS") else ECAlgorithm
        return {**kind.to_jwk(self.private.public_key(), as_dict=True), "kid": self.kid, "use": "sig"}

    @property
    def pem(self):
        return self.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def key_set(*keys):
    """Return the JWKS of ``keys``."""
    return json.dumps({"keys": [key.jwk for key in keys]})


def claims(**changes):
    """Return the claims of a good token, with ``changes``; None removes a claim."""
    now = int(time.time())
    good = {"iss": ISSUER, "aud": AUDIENCE, "sub": "7", "exp": now + 86400, "iat": now, "scope": "things:read"}
    return {name: value for name, value in (good | changes).items() if value is not None}


def token(key, header=None, **changes):
    """Return a token signed with ``key``; ``header`` and ``changes`` replace values of a good token."""
    return jwt.encode(
        claims(**changes), key.private, key.algorithm, {"typ": "at+jwt", "kid": key.kid} | (header or {})
    )


def encoded(value):
    """Return a text, bytes, or any other value as JSON, in base64url."""
    content = value if isinstance(value, bytes) else (value if isinstance(value, str) else json.dumps(value)).encode()
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def bearer(text):
    """Return the header line with a token or an API key."""
    return f"Authorization: Bearer {text}"
