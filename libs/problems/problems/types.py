"""The problem types that all services share."""

from typing import NamedTuple

PROBLEM_JSON = "application/problem+json"


class ProblemType(NamedTuple):
    """A problem type, as in responses, the OpenAPI documents and docs/problems.md.

    An exception class of REST framework is a problem type, too, by its ``status_code``, ``default_code`` and
    ``default_detail``.
    """

    status: int
    code: str  # in snake_case; the problem's ``type`` is ``urn:problem:CODE``
    detail: str  # a sentence for people


BAD_REQUEST = ProblemType(400, "bad_request", "The request cannot be understood.")
PERMISSION_DENIED = ProblemType(403, "permission_denied", "You are not allowed to do this.")
CSRF_FAILED = ProblemType(403, "csrf_failed", "CSRF verification failed.")
NOT_FOUND = ProblemType(404, "not_found", "There is no resource at this address.")
INTERNAL_ERROR = ProblemType(500, "internal_error", "The server failed; the error has been logged.")
