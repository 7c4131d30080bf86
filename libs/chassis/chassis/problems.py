"""Errors as RFC 9457 problems: JSON for programs, a page for a browser."""

import base64
import hashlib
import http
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.safestring import SafeString, mark_safe

from observability.request_id import current_request_id

_PAGE_POLICY = (
    "default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

PROBLEM_JSON = "application/problem+json"


class ProblemType(NamedTuple):
    """A kind of problem, as responses, the OpenAPI documents and docs/problems.md have it.

    An exception of REST framework is one, too: ``status_code``, ``default_code`` and ``default_detail`` of its class.
    """

    status: int
    code: str  # in snake_case; the problem's ``type`` is ``urn:problem:CODE``
    detail: str  # one sentence for the person who reads it


BAD_REQUEST = ProblemType(400, "bad_request", "The request cannot be understood.")
PERMISSION_DENIED = ProblemType(403, "permission_denied", "You are not allowed to do this.")
CSRF_FAILED = ProblemType(403, "csrf_failed", "CSRF verification failed.")
NOT_FOUND = ProblemType(404, "not_found", "Nothing is found at this address.")
INTERNAL_ERROR = ProblemType(500, "internal_error", "The server failed; the error has been logged.")


def security_headers(request: HttpRequest) -> dict[str, str]:
    """Return what protects a page in a browser; HSTS over TLS only (RFC 6797, section 7.2).

    Django's middleware adds it to all answers of the services; the gateway must not change those, and has its own.
    """
    headers = {
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "same-origin",
    }
    if settings.SECURE_HSTS_SECONDS and request.is_secure():
        headers["Strict-Transport-Security"] = f"max-age={settings.SECURE_HSTS_SECONDS}; includeSubDomains; preload"
    return headers


def problem(request: HttpRequest, status: int, code: str, detail: str) -> dict[str, Any]:
    """Return the members of a problem (RFC 9457, section 3).

    Args:
        request: the request that failed; its path becomes ``instance``.
        status: the HTTP status.
        code: snake_case name of the kind of problem; ``type`` is ``urn:problem:CODE``.
        detail: one sentence for the person who reads it.
    """
    return {
        "type": f"urn:problem:{code}",
        "title": http.HTTPStatus(status).phrase,
        "status": status,
        "detail": printable(detail),
        "instance": printable(request.path),
        "request_id": current_request_id(),
    }


def isolate(response: HttpResponse) -> None:
    """Keep a page apart from pages of other origins, in windows and as a part of them."""
    response["Cross-Origin-Opener-Policy"] = "same-origin"
    response["Cross-Origin-Resource-Policy"] = "same-origin"


@cache
def _style() -> SafeString:
    """Return the style of the page for a problem; it is in the page, which thereby needs nothing else."""
    return mark_safe((Path(__file__).parent / "templates" / "chassis" / "problem.css").read_text())  # noqa: S308 -- our file  # nosec B308 B703


def problem_response(
    request: HttpRequest, status: int, code: str, detail: str, headers: dict[str, str] | None = None
) -> HttpResponse:
    """Return the problem as a response: a page when the client prefers HTML, JSON otherwise."""
    content = problem(request, status, code, detail)
    preferred = request.get_preferred_type([PROBLEM_JSON, "application/json", "text/html"])
    response: HttpResponse
    if preferred == "text/html":
        style = _style()
        response = render(request, "chassis/problem.html", {"problem": content, "style": style}, status=status)
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        response["Content-Security-Policy"] = _PAGE_POLICY.format(digest=digest)
        isolate(response)
    else:
        response = JsonResponse(content, status=status, content_type=PROBLEM_JSON)
    for name, value in (security_headers(request) | (headers or {})).items():
        response[name] = value
    return response


def printable(text: str) -> str:
    """Return ``text`` in a form that UTF-8 can carry: a lone surrogate becomes its escape."""
    return text.encode(errors="backslashreplace").decode()


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer as Django's ``handler400``."""
    return problem_response(request, *BAD_REQUEST)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer as Django's ``handler403``."""
    return problem_response(request, *PERMISSION_DENIED)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer as Django's ``CSRF_FAILURE_VIEW``."""
    return problem_response(request, *CSRF_FAILED._replace(detail=reason or CSRF_FAILED.detail))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer as Django's ``handler404``."""
    return problem_response(request, *NOT_FOUND)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer as Django's ``handler500``; the cause is in the log, under the request id."""
    return problem_response(request, *INTERNAL_ERROR)
