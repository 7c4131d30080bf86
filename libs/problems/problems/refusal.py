"""Problems for requests that a server refuses before they reach Django."""

import logging

logger = logging.getLogger(__name__)


def render_refusal(status: int, code: str, detail: str) -> tuple[str, list[tuple[str, str]], bytes]:
    """Log the refusal; return the reason phrase, headers and body of the response."""
    # Imported here: gunicorn's main process loads this module before gevent patches the standard library.
    from django.http import HttpRequest

    from observability.request_id import HEADER, bound_request_id, choose_request_id
    from problems.responses import problem_response

    with bound_request_id(choose_request_id(None)) as request_id:
        logger.warning("request refused", extra={"status": status, "detail": detail})
        response = problem_response(HttpRequest(), status, code, detail)
    response[HEADER] = request_id
    return response.reason_phrase, list(response.items()), response.content
