"""What the OpenAPI documents say of a ResourceViewSet."""

from collections.abc import Iterator
from typing import Any

from chassis.request_body import BODY_TOO_LARGE
from chassis.rest.conditional import PreconditionFailed
from chassis.service_token import SERVICE_TOKEN_REQUIRED
from openapi.components import Problem
from openapi.schema import ProblemSchema
from problems.exceptions import DatabaseUnavailable

_GUARD = "Send the `ETag` that you read as `If-Match`, and a change that was made since then is not overwritten (412)."
_UNCHANGED = (
    "Send the `ETag` of an earlier response as `If-None-Match`: it is 304, without a body, if nothing changed."
)
# Summary and description of each action of a ResourceViewSet, for the names of its model.
_TEXTS = {
    "list": (
        "List {names}",
        "Returns a page of {names}; `next` is the address of the next one.",
    ),
    "create": ("Create {name}", "Creates the {name} and returns it; `Location` is its address."),
    "retrieve": ("Retrieve {name}", f"Returns the {{name}}. {_UNCHANGED}"),
    "update": ("Replace {name}", f"Sets every writable member of the {{name}}. {_GUARD}"),
    "partial_update": ("Update {name}", f"Sets the members that are sent and leaves the others. {_GUARD}"),
    "destroy": ("Delete {name}", f"Deletes the {{name}}. {_GUARD}"),
}


class ResourceSchema(ProblemSchema):
    """Describes each action of a ResourceViewSet, and the problems of the middleware in front of it."""

    def get_summary(self) -> str | None:
        """Return the operation's title."""
        return self._text(0)

    def get_description(self) -> str:  # type: ignore[override] # as in drf-spectacular
        """Return what the operation does, for its clients."""
        return self._text(1) or ""

    def get_problems(self, operation: dict[str, Any]) -> Iterator[Problem]:
        """Yield the types of the problems that the operation can respond with."""
        yield from super().get_problems(operation)
        yield from (SERVICE_TOKEN_REQUIRED, DatabaseUnavailable)
        if self.method != "GET":
            yield BODY_TOO_LARGE
        if any(one["name"] in ("If-Match", "If-None-Match") for one in operation.get("parameters", [])):
            yield PreconditionFailed

    def _text(self, index: int) -> str | None:
        queryset, action = getattr(self.view, "queryset", None), getattr(self.view, "action", None)
        if queryset is None or action not in _TEXTS:
            return None
        options = queryset.model._meta
        return _TEXTS[action][index].format(name=options.verbose_name, names=options.verbose_name_plural)
