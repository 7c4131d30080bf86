"""Health checks of a service, for supervisors, load balancers and people."""

from collections.abc import Callable, Mapping

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse

from problems.responses import problem_response
from problems.types import ProblemType

NOT_READY = ProblemType(503, "not_ready", "The database does not respond.")

# Applications add members to the response of a ready service: the name, and a function that returns the value.
DETAILS: dict[str, Callable[[], Mapping[str, object]]] = {}


def live(request: HttpRequest) -> HttpResponse:
    """Respond with 200: the process serves requests."""
    return JsonResponse({"status": "ok"})


def ready(request: HttpRequest) -> HttpResponse:
    """Respond with 200 if the database responds and all migrations are applied, else with a 503 problem.

    A service without ``DATABASES`` is always ready. ``DETAILS`` adds members to the response of a ready service, but
    does not affect readiness.
    """
    missing = 0
    try:
        if connection.vendor != "unknown":  # the vendor of Django's dummy database
            executor = MigrationExecutor(connection)
            missing = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
        details = {} if missing else {name: detail() for name, detail in DETAILS.items()}
    except DatabaseError:
        return problem_response(request, *NOT_READY)
    if missing:
        return problem_response(request, *NOT_READY._replace(detail=f"{missing} migrations are not applied."))
    return JsonResponse({"status": "ok"} | details)
