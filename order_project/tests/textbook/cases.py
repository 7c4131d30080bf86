"""Cases: documented behaviour of REST framework, in subclasses of the order service's classes."""

from unittest.mock import ANY

from conformance.cases import Case

OTHER, MINE = 900_001, 900_002  # orders of the users 8 and 7
UNKNOWN = 9
LAPTOP = {"user_id": 7, "product_name": "Laptop"}
LINKED = {"user_id": 7, "product": "Laptop", "quantity": 2}
ME, NOT_FOUND = {"X_User": "7"}, {"type": "urn:problem:not_found"}


def error(field, code):
    return {"errors": [{"field": field, "code": code, "message": ANY}]}


CASES = [
    Case(
        "IsOwnerFilterBackend: own",
        "GET",
        f"/own-orders/{MINE}",
        headers=ME,
        has={"id": MINE, "product_name": "Phone"},
    ),
    *(
        Case(f"IsOwnerFilterBackend: {method} {path}", method, path, body, ME, 404, has=NOT_FOUND)
        for method, path, body in [
            ("GET", f"/own-orders/{OTHER}", None),
            ("PATCH", f"/own-orders/{OTHER}", {"quantity": 2}),
            ("PUT", f"/own-orders/{OTHER}", LAPTOP),
            ("DELETE", f"/own-orders/{OTHER}", None),
            ("POST", f"/own-orders/{OTHER}/cancel", None),
            ("POST", f"/own-orders/{OTHER}/fulfil", None),
        ]
    ),
    Case(
        "IsOwnerFilterBackend: own action",
        "POST",
        f"/own-orders/{MINE}/cancel",
        headers=ME,
        has={"id": MINE, "status": "cancelled"},
    ),
    Case("IsOwnerFilterBackend: filter", "GET", "/own-orders?user_id=8", headers=ME, has={"results": []}),
    Case(
        "link, source, method field",
        "GET",
        f"/linked-orders/{MINE}",
        json={"url": ANY, "user_id": 7, "product": "Phone", "quantity": 1, "total": 10},
    ),
    Case(
        "link, source: create",
        "POST",
        "/linked-orders",
        LINKED,
        status=201,
        json=LINKED | {"url": ANY, "total": 20},
    ),
    Case(
        "link, source: create with a key",
        "POST",
        "/linked-orders",
        LINKED,
        {"Idempotency_Key": "k"},
        201,
        json=LINKED | {"url": ANY, "total": 20},
    ),
    Case(
        "source: error",
        "POST",
        "/linked-orders",
        LINKED | {"product": "x" * 21},
        status=400,
        has=error("product", "max_length"),
    ),
    Case(
        "source: remote validation",
        "POST",
        "/linked-orders",
        LINKED | {"user_id": UNKNOWN},
        status=400,
        has=error("user_id", "unknown_user"),
    ),
    Case(
        "many=True",
        "POST",
        "/bulk-orders",
        [LAPTOP, LAPTOP],
        status=201,
        json=[ANY, ANY],
        text='"product_name":"Laptop"',
        sent={"Location": None},
    ),
    Case(
        "many=True with a key",
        "POST",
        "/bulk-orders",
        [LAPTOP, LAPTOP],
        {"Idempotency_Key": "k"},
        201,
        json=[ANY, ANY],
        sent={"Location": None},
    ),
    Case(
        "many=True: unknown user",
        "POST",
        "/bulk-orders",
        [LAPTOP, LAPTOP | {"user_id": UNKNOWN}],
        status=400,
        has=error("1.user_id", "unknown_user"),
    ),
    Case(
        "mixin of another view",
        "POST",
        "/keyed-orders",
        LAPTOP,
        {"Idempotency_Key": "k"},
        201,
        json={"id": ANY, "user_id": 7, "product_name": "Laptop from the hook"},
    ),
    Case(
        "mixin without a key",
        "POST",
        "/keyed-orders",
        LAPTOP,
        status=201,
        has={"product_name": "Laptop from the hook"},
    ),
    Case("permission asks the user service", "GET", "/checked-orders/whoami", headers=ME, json={"user": 7}),
    Case(
        "permission: unknown user",
        "GET",
        "/checked-orders/whoami",
        headers={"X_User": "9"},
        status=403,
        has={"detail": "Only known users."},
    ),
    Case(
        "permission guards objects",
        "DELETE",
        f"/checked-orders/{MINE}",
        headers={"X_User": "9"},
        status=403,
        has={"type": "urn:problem:permission_denied"},
    ),
    Case(
        "exception of REST framework",
        "GET",
        "/checked-orders/whoami",
        headers=ME | {"X_Hidden": "1"},
        status=404,
        has={"detail": "hidden"},
    ),
]
