"""Access tokens as JSON Web Tokens (RFC 9068)."""

import time
import uuid
from collections.abc import Mapping
from typing import Any

from issuer.keys import ALGORITHM, LONGEST_LIFETIME, KeyFolder

TYPE = "at+jwt"


def issue(folder: KeyFolder, claims: Mapping[str, Any], *, seconds: int) -> str:
    """Return a token with ``claims`` (iss, aud, sub, client_id, scope), a unique id, and a lifetime of ``seconds``.

    Raises:
        ValueError: the lifetime is longer than a day, or not positive.
    """
    if not 0 < seconds <= LONGEST_LIFETIME:
        raise ValueError(f"The lifetime of a token must be 1 to {LONGEST_LIFETIME} seconds.")
    import jwt  # here, as the import takes longer than the commands that need no token

    now, key = int(time.time()), folder.signing_key()
    times = {"iat": now, "exp": now + seconds, "jti": str(uuid.uuid4())}
    return jwt.encode({**claims, **times}, key.pem, ALGORITHM, {"typ": TYPE, "kid": key.kid})
