"""The types of problems that every service has."""

from typing import NamedTuple

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
