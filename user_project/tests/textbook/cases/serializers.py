"""Guides "Serializers", "Serializer fields", "Serializer relations" and "Validators"."""

from unittest.mock import ANY

from conformance.cases import Case
from tests.textbook.people import ADA, EVE, GROUP

GRACE = {"name": "Grace", "email": "grace@example.com"}


def error(field, code):
    return {"errors": [{"field": field, "code": code, "message": ANY}]}


CASES = [
    Case(
        "dynamic fields",
        "GET",
        f"/dynamic/{ADA}",
        headers={"X_Fields": "id,name"},
        json={"id": ADA, "name": "Ada Lovelace"},
    ),
    Case(
        "dynamic fields of a list",
        "GET",
        f"/dynamic?id__in={EVE}",
        headers={"X_Fields": "email"},
        has={"results": [{"email": "eve@example.com"}]},
    ),
    Case("get_fields by context", "GET", f"/context/{ADA}", has={"email": "(missing)", "name": "Ada Lovelace"}),
    Case(
        "get_fields by context: other",
        "GET",
        f"/context/{ADA}",
        headers={"X_Staff": "1"},
        has={"email": "ada@example.com"},
    ),
    Case(
        "extra_kwargs by context",
        "PATCH",
        f"/context/{ADA}",
        {"name": "Augusta"},
        {"X_Longest": "3"},
        400,
        has=error("name", "max_length"),
    ),
    Case(
        "write_only",
        "POST",
        "/profiles",
        {"full_name": "G H", "email": "g@example.com"},
        status=201,
        json={"url": ANY, "full_name": "G H", "initials": "GH"},
    ),
    Case(
        "validators argument",
        "POST",
        "/validated",
        GRACE | {"name": "Django"[:5]},
        status=400,
        has=error("name", "odd"),
    ),
    Case(
        "validate_<field>",
        "POST",
        "/validated",
        GRACE | {"name": "Flasks"},
        status=400,
        has=error("name", "off_topic"),
    ),
    Case(
        "validate_<field> returns",
        "POST",
        "/validated",
        GRACE | {"name": "django"},
        status=201,
        has={"name": "Django"},
    ),
    Case(
        "validate",
        "POST",
        "/validated",
        {"name": "django", "email": "django@example.com"},
        status=400,
        has=error(None, "alike"),
    ),
    Case(
        "UniqueValidator",
        "POST",
        "/validated",
        {"name": "django", "email": "EVE@example.com"},
        status=400,
        has=error("email", "unique"),
    ),
    Case(
        "UniqueValidator of an update",
        "PATCH",
        f"/validated/{EVE}",
        {"email": "Eve@example.com", "name": "Django"},
        has={"email": "Eve@example.com"},
    ),
    Case(
        "nested serializer",
        "GET",
        f"/nested/{ADA}",
        json={"name": "Ada Lovelace", "contact": {"email": "ada@example.com", "label": "Ada Lovelace"}},
    ),
    Case(
        "writable nested create",
        "POST",
        "/nested",
        {"name": "Grace", "contact": {"email": "g@example.com"}},
        status=201,
        has={"contact": {"email": "g@example.com", "label": "Grace"}},
    ),
    Case(
        "writable nested update",
        "PATCH",
        f"/nested/{ADA}",
        {"contact": {"email": "new@example.com"}},
        has={"contact": {"email": "new@example.com", "label": "Ada Lovelace"}},
    ),
    Case(
        "nested error",
        "POST",
        "/nested",
        {"name": "G", "contact": {"email": "x"}},
        status=400,
        has=error("contact.email", "invalid"),
    ),
    Case(
        "to_representation",
        "GET",
        f"/representations/{ADA}",
        has={"name": "ada lovelace", "email": "ada@example.com"},
    ),
    Case("to_representation of a list", "GET", "/representations", names=["ada lovelace", "eve"]),
    Case("to_internal_value", "POST", "/representations", GRACE, status=201, has={"name": "given"}),
    Case("BaseSerializer", "GET", f"/scores/{ADA}", json={"score": 12, "name": "Ada Lovelace"}),
    Case("BaseSerializer of a list", "GET", "/scores", names=["Ada Lovelace", "Eve"]),
    Case(
        "HiddenField, CurrentUserDefault",
        "POST",
        "/owned-by-default",
        {"email": "g@example.com"},
        {"X_Username": "admin"},
        201,
        json={"email": "g@example.com"},
    ),
    Case(
        "hyperlinks, slugs, nested list",
        "GET",
        f"/groups/{GROUP}",
        json={
            "url": ANY,
            "name": "readers",
            "permissions": ["view_user"],
            "granted": [{"codename": "view_user", "content_type": "user"}],
        },
    ),
    Case(
        "relation to many is written",
        "PATCH",
        f"/groups/{GROUP}",
        {"permissions": ["add_user", "change_user"]},
        has={"permissions": ["add_user", "change_user"]},
    ),
    Case(
        "relation of no such object",
        "PATCH",
        f"/groups/{GROUP}",
        {"permissions": ["fly"]},
        status=400,
        has=error("permissions", "does_not_exist"),
    ),
    Case(
        "relation to many is created",
        "POST",
        "/groups",
        {"name": "writers", "permissions": ["add_user"]},
        status=201,
        has={"permissions": ["add_user"], "granted": [{"codename": "add_user", "content_type": "user"}]},
    ),
]
