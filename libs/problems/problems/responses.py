"""Problem responses: JSON for API clients, HTML for browsers."""

import base64
import hashlib
import http
import re
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.utils.safestring import SafeString, mark_safe

from observability.request_id import current_request_id
from problems.types import PROBLEM_JSON

_PAGE_POLICY = (
    "default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def security_headers(request: HttpRequest) -> dict[str, str]:
    """Return the security headers of a response; HSTS over TLS only (RFC 6797, section 7.2).

    In the services, Django's middleware adds them to all responses. The gateway adds them only to its own.
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
        code: the name of the problem type in snake_case; ``type`` is ``urn:problem:CODE``.
        detail: a sentence for people.
    """
    return {
        "type": f"urn:problem:{code}",
        "title": _title(status),
        "status": status,
        "detail": printable(detail),
        "instance": _as_reference(request.path),
        "request_id": current_request_id(),
    }


def _as_reference(path: str) -> str:
    """Return ``path`` as a URI reference; two slashes at its start would begin an authority (RFC 3986, section 4.2)."""
    return re.sub("^/+", "/", quote(path, safe="/!$&'()*+,;=:@", errors="backslashreplace"))


def _title(status: int) -> str:
    try:
        return http.HTTPStatus(status).phrase
    except ValueError:  # an application's own status, such as 499
        return "Client Error" if status < http.HTTPStatus.INTERNAL_SERVER_ERROR else "Server Error"


def isolate(response: HttpResponse) -> None:
    """Isolate a page from other origins, by Cross-Origin-Opener-Policy and Cross-Origin-Resource-Policy."""
    response["Cross-Origin-Opener-Policy"] = "same-origin"
    response["Cross-Origin-Resource-Policy"] = "same-origin"


@cache
def _style() -> SafeString:
    """Return the inline style of the HTML page of a problem."""
    return mark_safe((Path(__file__).parent / "templates" / "problems" / "problem.css").read_text())  # noqa: S308 -- our file  # nosec B308 B703


def problem_response(
    request: HttpRequest, status: int, code: str, detail: str, headers: dict[str, str] | None = None
) -> HttpResponse:
    """Return the problem as a response: a page if the client prefers HTML, otherwise JSON."""
    content = problem(request, status, code, detail)
    preferred = request.get_preferred_type([PROBLEM_JSON, "application/json", "text/html"])
    response: HttpResponse
    if preferred == "text/html":
        style = _style()
        response = render(request, "problems/problem.html", {"problem": content, "style": style}, status=status)
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        response["Content-Security-Policy"] = _PAGE_POLICY.format(digest=digest)
        isolate(response)
    else:
        response = JsonResponse(content, status=status, content_type=PROBLEM_JSON)
    for name, value in (security_headers(request) | (headers or {})).items():
        response[name] = value
    patch_vary_headers(response, ["Accept"])
    return response


def printable(text: str) -> str:
    """Return ``text`` with lone surrogates escaped, which UTF-8 cannot encode."""
    return text.encode(errors="backslashreplace").decode()
