"""Guides "Filtering" and "Pagination", and django-filter's tips."""

from conformance.cases import Case
from tests.textbook.people import ADA, EVE

AS_ADA = {"X_Owner": "ada@example.com"}
NEW_NAME = {"name": "Taken over", "email": "eve@example.com"}


def guarded(idiom, path):
    """Rows that are hidden from a client are hidden in every action."""
    return [
        Case(f"{idiom}: list", "GET", path, headers=AS_ADA, names=["Ada Lovelace"]),
        Case(f"{idiom}: search", "GET", f"{path}?search=example", headers=AS_ADA, names=["Ada Lovelace"]),
        Case(f"{idiom}: filter", "GET", f"{path}?email=eve@example.com", headers=AS_ADA, names=[]),
        Case(f"{idiom}: ids", "GET", f"{path}?id__in={ADA},{EVE}", headers=AS_ADA, names=["Ada Lovelace"]),
        Case(f"{idiom}: own object", "GET", f"{path}/{ADA}", headers=AS_ADA, has={"name": "Ada Lovelace"}),
        *(
            Case(f"{idiom}: {method} of another's", method, f"{path}/{EVE}", body, AS_ADA, 404, has=NOT_FOUND)
            for method, body in [("GET", None), ("PUT", NEW_NAME), ("PATCH", NEW_NAME), ("DELETE", None)]
        ),
        Case(f"{idiom}: no owner", "GET", path, names=[]),
        Case(f"{idiom}: object of no owner", "GET", f"{path}/{ADA}", status=404, has=NOT_FOUND),
    ]


NOT_FOUND = {"type": "urn:problem:not_found"}
TAKEN = {"type": "urn:problem:invalid"}

CASES = [
    *guarded("IsOwnerFilterBackend", "/owned"),
    *guarded("FilterSet.qs", "/owner-filtered"),
    Case("search_fields ^: start", "GET", "/prefix-search?search=ada", names=["Ada Lovelace"]),
    Case("search_fields ^: middle", "GET", "/prefix-search?search=lace", names=[]),
    Case("search_fields =", "GET", "/groups?search=reader", names=[]),
    Case("search_fields =: whole", "GET", "/groups?search=readers", names=["readers"]),
    Case("ordering_fields __all__", "GET", "/prefix-search?ordering=-email", names=["Eve", "Ada Lovelace"]),
    Case("OrderingFilter ignores others", "GET", "/prefix-search?ordering=x", names=["Ada Lovelace", "Eve"]),
    Case("filterset_fields", "GET", "/fields-filter?name__icontains=LOVE", names=["Ada Lovelace"]),
    Case("filterset_fields exact", "GET", "/fields-filter?name=Eve", names=["Eve"]),
    Case("get_queryset by the address", "GET", "/starting/E", names=["Eve"]),
    Case("get_queryset by the query", "GET", "/starting/E?email=x@example.com", json=[]),
    Case(
        "PageNumberPagination",
        "GET",
        "/pages?ordering=-id",
        names=["Eve", "Ada Lovelace"],
        has={"count": 2, "next": None},
    ),
    Case("PageNumberPagination: no such page", "GET", "/pages?page=9", status=404, has=NOT_FOUND),
    Case(
        "LimitOffsetPagination",
        "GET",
        "/offsets?limit=1&offset=1",
        names=["Eve"],
        has={"count": 2, "next": None},
    ),
    Case("custom page", "GET", "/counted", names=["Ada Lovelace"], has={"pages": 2}),
    Case("page_size_query_param", "GET", "/counted?size=2", names=["Ada Lovelace", "Eve"], has={"pages": 1}),
    Case("page in a Link header", "GET", "/link-header", names=["Ada Lovelace"], sent={"X-Count": "2"}),
    Case("CursorPagination", "GET", "/stock-cursor", names=["Eve"], has={"previous": None}),
    Case("pagination_class None", "GET", "/unpaged", names=["Ada Lovelace", "Eve"]),
]
