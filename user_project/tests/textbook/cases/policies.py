"""Guides "Authentication", "Permissions" and "Versioning"."""

import base64

from conformance.cases import Case
from tests.textbook.people import ADA, EVE, PASSWORD


def basic(name, password=PASSWORD):
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


EVE_HERSELF, ADMIN = {"X_Username": "Eve"}, {"X_Username": "admin"}
GRACE = {"name": "Grace", "email": "grace@example.com"}
REFUSED, UNKNOWN = {"type": "urn:problem:permission_denied"}, {"type": "urn:problem:not_authenticated"}

CASES = [
    Case(
        "BasicAuthentication",
        "GET",
        "/basic",
        headers=basic("admin"),
        json={"username": "admin", "auth": None},
    ),
    Case(
        "BasicAuthentication: none",
        "GET",
        "/basic",
        status=401,
        has=UNKNOWN,
        sent={"WWW-Authenticate": 'Basic realm="api"'},
    ),
    Case(
        "BasicAuthentication: wrong",
        "GET",
        "/basic",
        headers=basic("admin", "x"),
        status=401,
        has={"type": "urn:problem:authentication_failed"},
    ),
    Case("IsAuthenticated guards objects", "GET", f"/basic/{ADA}", status=401, has=UNKNOWN),
    Case(
        "own authentication: unknown",
        "GET",
        "/owner-writes",
        headers={"X_Username": "x"},
        status=401,
        has={"detail": "No such user"},
        sent={"WWW-Authenticate": "Username"},
    ),
    Case("IsAuthenticatedOrReadOnly: read", "GET", f"/owner-writes/{EVE}", has={"name": "Eve"}),
    Case("IsAuthenticatedOrReadOnly: write", "POST", "/owner-writes", GRACE, status=401, has=UNKNOWN),
    Case(
        "IsOwnerOrReadOnly: owner",
        "PATCH",
        f"/owner-writes/{EVE}",
        {"email": "e@example.com"},
        EVE_HERSELF,
        has={"email": "e@example.com"},
    ),
    *(
        Case(
            f"IsOwnerOrReadOnly: {method}",
            method,
            f"/owner-writes/{ADA}",
            GRACE,
            EVE_HERSELF,
            403,
            has={"type": "urn:problem:not_owner", "detail": "Only its owner may change it."},
        )
        for method in ("PUT", "PATCH", "DELETE")
    ),
    Case("IsOwnerOrReadOnly: own removal", "DELETE", f"/owner-writes/{EVE}", headers=EVE_HERSELF, status=204),
    Case(
        "composed permissions: read",
        "GET",
        f"/composed/{ADA}",
        headers=EVE_HERSELF,
        has={"name": "Ada Lovelace"},
    ),
    Case(
        "composed permissions: write",
        "PATCH",
        f"/composed/{ADA}",
        {"name": "A"},
        EVE_HERSELF,
        403,
        has=REFUSED,
    ),
    Case("composed permissions: admin", "PATCH", f"/composed/{ADA}", {"name": "A"}, ADMIN, has={"name": "A"}),
    Case(
        "DjangoModelPermissions",
        "DELETE",
        f"/model-permissions/{ADA}",
        headers=EVE_HERSELF,
        status=403,
        has=REFUSED,
    ),
    Case("DjangoModelPermissions: admin", "DELETE", f"/model-permissions/{ADA}", headers=ADMIN, status=204),
    Case("get_permissions: open action", "GET", "/per-action-permissions", names=["Ada Lovelace", "Eve"]),
    Case(
        "get_permissions: other action",
        "GET",
        f"/per-action-permissions/{ADA}",
        headers=EVE_HERSELF,
        status=403,
        has=REFUSED,
    ),
    Case(
        "get_permissions: admin",
        "GET",
        f"/per-action-permissions/{ADA}",
        headers=ADMIN,
        has={"name": "Ada Lovelace"},
    ),
    Case("URLPathVersioning", "GET", f"/v1/users/{ADA}", has={"email": "ada@example.com"}),
    Case("URLPathVersioning: other", "GET", f"/v2/users/{ADA}", json={"name": "Ada Lovelace"}),
    Case(
        "URLPathVersioning: list",
        "GET",
        "/v2/users",
        has={"results": [{"name": "Ada Lovelace"}, {"name": "Eve"}]},
    ),
    Case(
        "URLPathVersioning: none such",
        "GET",
        f"/v3/users/{ADA}",
        status=404,
        has={"type": "urn:problem:not_found"},
    ),
    Case(
        "QueryParameterVersioning",
        "GET",
        f"/versions-by-query/{ADA}?version=v2",
        json={"name": "Ada Lovelace"},
    ),
    Case(
        "QueryParameterVersioning: default",
        "GET",
        f"/versions-by-query/{ADA}",
        has={"email": "ada@example.com"},
    ),
    Case(
        "AcceptHeaderVersioning",
        "GET",
        f"/versions-by-accept/{ADA}",
        headers={"Accept": "application/json; version=v2"},
        json={"name": "Ada Lovelace"},
    ),
    Case(
        "AcceptHeaderVersioning: default",
        "GET",
        f"/versions-by-accept/{ADA}",
        headers={"Accept": "application/json"},
        has={"email": "ada@example.com"},
    ),
    Case(
        "AcceptHeaderVersioning: none such",
        "GET",
        f"/versions-by-accept/{ADA}",
        headers={"Accept": "application/json; version=v9"},
        status=406,
        has={"status": 406},
    ),
]
