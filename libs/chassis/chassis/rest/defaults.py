"""All settings of REST framework and of its documentation, in one place."""

from typing import Any

from csp.constants import NONE, SELF, UNSAFE_INLINE

from identity.settings import AUTHENTICATION_CLASSES, PERMISSION_CLASSES

REST_FRAMEWORK: dict[str, Any] = {
    # No credentials without AUTH: what may reach a service is decided by the network around it.
    "DEFAULT_AUTHENTICATION_CLASSES": AUTHENTICATION_CLASSES,
    "DEFAULT_PERMISSION_CLASSES": PERMISSION_CLASSES,
    # JSON first: a client that accepts anything gets it. A browser asks for text/html by name.
    "DEFAULT_RENDERER_CLASSES": [
        "rest_framework.renderers.JSONRenderer",
        "chassis.rest.renderers.BrowsableAPIRenderer",
    ],
    "DEFAULT_PARSER_CLASSES": [
        "chassis.rest.parsers.JSONParser",
        "rest_framework.parsers.FormParser",  # the two kinds of form of the browsable API
        "rest_framework.parsers.MultiPartParser",
    ],
    "DEFAULT_FILTER_BACKENDS": [
        "lists.filters.StrictFilterBackend",
        "lists.search.WordSearchFilter",
        "lists.ordering.StrictOrderingFilter",
    ],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "chassis.rest.negotiation.ContentNegotiation",
    "DEFAULT_PAGINATION_CLASS": "lists.pagination.KeysetPagination",
    "PAGE_SIZE": 50,
    "DEFAULT_SCHEMA_CLASS": "chassis.rest.schema.ResourceSchema",
    "EXCEPTION_HANDLER": "problems.exceptions.problem_handler",
}

# django-csp's setting. Scripts come from the service's own files only; REST framework's pages have attributes `style`.
CONTENT_SECURITY_POLICY: dict[str, Any] = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "style-src-attr": [UNSAFE_INLINE],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
