"""The OpenAPI operations of a ResourceViewSet."""

from collections.abc import Iterator
from typing import Any

from chassis.request_body import BODY_TOO_LARGE, LENGTH_REQUIRED
from chassis.rest.conditional import PreconditionFailed
from chassis.service_token import SERVICE_TOKEN_REQUIRED
from openapi.components import Problem
from openapi.schema import ProblemSchema
from problems.exceptions import DatabaseUnavailable


class ResourceSchema(ProblemSchema):
    """Describes the actions of a ResourceViewSet with the problems of the middleware and of conditional requests."""

    def get_problems(self, operation: dict[str, Any]) -> Iterator[Problem]:
        """Yield the problem types that the operation can respond with."""
        yield from super().get_problems(operation)
        yield from (SERVICE_TOKEN_REQUIRED, DatabaseUnavailable)
        if self.method != "GET":
            yield from (LENGTH_REQUIRED, BODY_TOO_LARGE)
        if any(one["name"] in ("If-Match", "If-None-Match") for one in operation.get("parameters", [])):
            yield PreconditionFailed
