"""Guides "ViewSets", "Routers", "Exceptions", "Caching"."""

from conformance.cases import Case
from tests.textbook.cases.serializers import error
from tests.textbook.people import ADA

GRACE = {"name": "Grace", "email": "grace@example.com"}
FAILS = "/actions/fails"

CASES = [
    Case("lookup_field", "GET", "/by-email/ada@example.com", has={"id": ADA}),
    Case(
        "lookup_field: none",
        "GET",
        "/by-email/x@example.com",
        status=404,
        has={"type": "urn:problem:not_found"},
    ),
    Case(
        "annotated queryset",
        "GET",
        f"/annotated/{ADA}",
        json={"id": ADA, "name": "Ada Lovelace", "length": 12},
    ),
    Case("defer", "PATCH", f"/deferred/{ADA}", {"name": "Ada"}, has={"name": "Ada", "email": "ada@example.com"}),
    Case("defer: read", "GET", f"/deferred/{ADA}", has={"email": "ada@example.com"}),
    Case("ReadOnlyModelViewSet", "GET", f"/read-only/{ADA}", has={"email": "ada@example.com"}),
    Case(
        "ReadOnlyModelViewSet: write",
        "DELETE",
        f"/read-only/{ADA}",
        status=405,
        sent={"Allow": "GET, HEAD, OPTIONS"},
    ),
    Case("http_method_names", "DELETE", f"/no-delete/{ADA}", status=405, sent={"Allow": "GET, HEAD, OPTIONS"}),
    Case(
        "create with plain data",
        "POST",
        "/own-create",
        GRACE,
        status=201,
        json={"created": "Grace"},
        sent={"Location": None},
    ),
    Case(
        "extra action with arguments",
        "POST",
        f"/actions/{ADA}/shout/2",
        status=200,
        has={"text": "ADA LOVELACE" * 2},
        text=f"/actions/{ADA}",
    ),
    Case("mapping of an extra action", "DELETE", f"/actions/{ADA}/shout/3", json={"quiet": 3}),
    Case(
        "extra action: other method",
        "PUT",
        f"/actions/{ADA}/shout/3",
        {},
        status=405,
        sent={"Allow": "POST, DELETE, OPTIONS"},
    ),
    Case("Django's response", "GET", "/actions/django", status=203, json={"user": "AnonymousUser"}),
    Case("Http404", "GET", f"{FAILS}/missing", status=404, has={"type": "urn:problem:not_found"}),
    Case(
        "PermissionDenied",
        "GET",
        f"{FAILS}/forbidden",
        status=403,
        has={"type": "urn:problem:permission_denied"},
    ),
    Case(
        "APIException",
        "GET",
        f"{FAILS}/unavailable",
        status=500,
        has={"type": "urn:problem:later", "detail": "later"},
    ),
    Case(
        "nested ValidationError",
        "GET",
        f"{FAILS}/invalid",
        status=400,
        has={"errors": [{"field": "a.b", "code": "invalid", "message": "bad"}]},
    ),
    Case(
        "unexpected exception",
        "GET",
        f"{FAILS}/unexpected",
        status=500,
        has={"type": "urn:problem:internal_error"},
    ),
    Case(
        "OPTIONS",
        "OPTIONS",
        "/pages",
        has={
            "name": "Pages List",
            "parses": ["application/json", "application/x-www-form-urlencoded", "multipart/form-data"],
        },
    ),
    Case("HEAD", "HEAD", f"/pages/{ADA}", text="", sent={"Content-Type": "application/json"}),
    Case(
        "DefaultRouter's root",
        "GET",
        "/root/",
        has={"users": "http://127.0.0.1/root/users"},
        headers={"Host": "127.0.0.1"},
    ),
    Case("DefaultRouter's format suffix", "GET", f"/root/users/{ADA}.json", has={"name": "Ada Lovelace"}),
    Case("broken JSON", "POST", "/pages", b'{"name": ', status=400, has={"type": "urn:problem:parse_error"}),
    Case(
        "many=True",
        "POST",
        "/bulk",
        [GRACE, {"name": "Alan", "email": "alan@example.com"}],
        status=201,
        names=["Grace", "Alan"],
        sent={"Location": None},
    ),
    Case(
        "many=True: errors",
        "POST",
        "/bulk",
        [GRACE, {"name": "Alan"}],
        status=400,
        has=error("1.email", "required"),
    ),
    Case("many=True: one object", "POST", "/bulk", GRACE, status=201, has=GRACE),
]
