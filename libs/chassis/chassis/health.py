"""Health of a service, for supervisors, load balancers and people."""

from collections.abc import Callable, Mapping

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse

from problems.responses import problem_response
from problems.types import ProblemType

NOT_READY = ProblemType(503, "not_ready", "The database does not answer.")

# Applications add what else a ready service tells: the name of a member, and a function that returns its value.
DETAILS: dict[str, Callable[[], Mapping[str, object]]] = {}


def live(request: HttpRequest) -> HttpResponse:
    """Answer 200: the process runs and serves."""
    return JsonResponse({"status": "ok"})


def ready(request: HttpRequest) -> HttpResponse:
    """Answer 200 when the database answers and has every migration, else a 503 problem that says what is missing.

    The members of ``DETAILS`` tell more about a ready service; nothing in them makes it unready.
    """
    try:
        executor = MigrationExecutor(connection)
        missing = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
        details = {} if missing else {name: detail() for name, detail in DETAILS.items()}
    except DatabaseError:
        return problem_response(request, *NOT_READY)
    if missing:
        return problem_response(request, *NOT_READY._replace(detail=f"{missing} migrations are not applied."))
    return JsonResponse({"status": "ok"} | details)
