"""The feed over HTTP. It is private: the gateway has no route to it, and it requires the service token.

With ``AUTH`` it also requires the identity of a service, so that a route to it by mistake exposes nothing.
"""

import re
from http import HTTPStatus

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse

from chassis.access_log import NOT_LOGGED
from events.cursor import Cursor, CursorGone
from events.outbox.feed import read_page
from identity.views import for_services
from problems.responses import problem_response
from problems.types import ProblemType
from problems.views import read_only

CLOUDEVENTS_BATCH = "application/cloudevents-batch+json"
CURSOR, HEAD = "Event-Cursor", "Event-Head"
DEFAULT_LIMIT, MAX_LIMIT = 500, 1000

INVALID = ProblemType(400, "invalid_event_query", "The query of the feed is invalid.")
GONE = ProblemType(
    410,
    "event_cursor_gone",
    "Events after this cursor were purged, or it is of another epoch. Replay from the start, without `after`.",
)


@read_only
@for_services("events:read")
def events(request: HttpRequest) -> HttpResponse:
    """Respond with up to ``limit`` events after the cursor ``after``, as a batch of CloudEvents.

    ``Event-Cursor`` is the next cursor, ``Event-Head`` the position of the head, ``Link`` the URL of the next page. A
    full page changes only by compaction, and can be cached.
    """
    try:
        after, limit = _read_query(request)
        page = read_page(after, limit, f"/{settings.SERVICE_NAME}-service")
    except ValueError as error:
        return problem_response(request, *INVALID._replace(detail=f"{error}."))
    except CursorGone:
        return problem_response(request, *GONE)
    if not page.events:
        request.META[NOT_LOGGED] = True
    response = JsonResponse(page.events, safe=False, content_type=CLOUDEVENTS_BATCH, status=HTTPStatus.OK)
    response[CURSOR], response[HEAD] = str(page.cursor), str(page.head)
    response["Link"] = f'<{request.path}?after={page.cursor}&limit={limit}>; rel="next"'
    response["Cache-Control"] = "private, max-age=3600" if after and len(page.events) == limit else "no-store"
    return response


def _read_query(request: HttpRequest) -> tuple[Cursor | None, int]:
    if unknown := set(request.GET) - {"after", "limit"}:
        raise ValueError(f"{min(unknown)}: unknown parameter")
    limit = request.GET.get("limit", str(DEFAULT_LIMIT))
    if not (re.fullmatch("[0-9]{1,9}", limit) and 1 <= int(limit) <= MAX_LIMIT):
        raise ValueError(f"limit: must be a number from 1 to {MAX_LIMIT}")
    try:
        return (Cursor.parse(request.GET["after"]) if "after" in request.GET else None), int(limit)
    except ValueError as error:
        raise ValueError(f"after: {error}") from error
