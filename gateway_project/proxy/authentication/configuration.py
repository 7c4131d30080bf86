"""Read ``[auth]`` of the routes file."""

from collections.abc import Callable, Sequence
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import TypeVar

from chassis.environment import service_tokens
from proxy import values
from proxy.authentication import values as auth_values
from proxy.authentication.policy import ApiKey, Issuer, Policy
from proxy.tables import Table, WrongKeyError, refuse_duplicates

T = TypeVar("T")
_Read = Callable[[Table], T]


def read_policy(table: Table, folder: Path) -> Policy:
    """Read the table ``auth``; files in it are relative to ``folder``.

    Issuers and keys are read only if ``enabled`` is true; otherwise their variables need not be set.

    Raises:
        WrongKeyError: a key is unknown, or its value is invalid.
    """
    enabled = table.take("enabled", values.boolean, Policy.enabled)
    failure_limit = table.take("failure_limit", values.rate, Policy.failure_limit)
    issuers, keys = table.array("issuers"), table.array("keys")
    table.finish()
    if not enabled:
        _skip(issuers, Issuer)
        _skip(keys, ApiKey)
        return Policy()
    if not service_tokens():
        reason = "needs SERVICE_TOKEN, which signs the identity of the caller for the services"
        raise WrongKeyError(table.key("enabled"), reason)
    policy = Policy(
        enabled=True,
        issuers=_enabled(issuers, partial(_issuer, folder)),
        keys=_enabled(keys, _api_key),
        failure_limit=failure_limit,
    )
    if not policy.issuers and not policy.keys:
        raise WrongKeyError(table.key("enabled"), "needs at least one of [[auth.issuers]] or [[auth.keys]]")
    refuse_duplicates(issuers, [one.issuer for one in policy.issuers], "issuer")
    refuse_duplicates(keys, [one.id for one in policy.keys], "id")
    refuse_duplicates(keys, [one.sha256 for one in policy.keys], "sha256")
    return policy


def _skip(tables: Sequence[Table], kind: type) -> None:
    for table in tables:
        table.skip(["enabled", *(field.name for field in fields(kind))])
        table.finish()


def _enabled(tables: list[Table], read: _Read[T]) -> tuple[T, ...]:
    """Read the enabled tables, and remove the others from ``tables``."""
    tables[:] = [table for table in tables if table.take("enabled", values.boolean, True)]  # noqa: FBT003
    return tuple(read(table) for table in tables)


def _issuer(folder: Path, table: Table) -> Issuer:
    issuer = Issuer(
        issuer=table.take("issuer", auth_values.filled),
        audience=table.take("audience", auth_values.filled),
        jwks=table.take("jwks", partial(auth_values.jwks, folder)),
        algorithms=table.take("algorithms", auth_values.algorithms, Issuer.algorithms),
        token_type=table.take("token_type", values.text, Issuer.token_type),
        user_claims=table.take("user_claims", auth_values.names, Issuer.user_claims),
        scope_claims=table.take("scope_claims", auth_values.names, Issuer.scope_claims),
    )
    table.finish()
    return issuer


def _api_key(table: Table) -> ApiKey:
    key = ApiKey(
        id=table.take("id", auth_values.key_id),
        sha256=table.take("sha256", auth_values.sha256),
        scopes=table.take("scopes", auth_values.scope_list),
        user_id=table.take("user_id", values.count, None),
        rate_limit=table.take("rate_limit", values.rate, None),
    )
    table.finish()
    return key
