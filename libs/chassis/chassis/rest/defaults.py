"""The settings of REST framework and the content security policy."""

from typing import Any

from csp.constants import NONE, SELF, UNSAFE_INLINE

from identity.settings import AUTHENTICATION_CLASSES, PERMISSION_CLASSES

REST_FRAMEWORK: dict[str, Any] = {
    # Without AUTH there is no authentication: the network limits access to a service.
    "DEFAULT_AUTHENTICATION_CLASSES": AUTHENTICATION_CLASSES,
    "DEFAULT_PERMISSION_CLASSES": PERMISSION_CLASSES,
    # JSON first: the default for clients that accept any media type. Browsers accept text/html explicitly.
    "DEFAULT_RENDERER_CLASSES": [
        "rest_framework.renderers.JSONRenderer",
        "chassis.rest.renderers.BrowsableAPIRenderer",
    ],
    "DEFAULT_PARSER_CLASSES": [
        "chassis.rest.parsers.JSONParser",
        "rest_framework.parsers.FormParser",  # both for forms of the browsable API
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

# django-csp's setting. Scripts come from static files only; REST framework's pages use `style` attributes. There is no
# `frame-ancestors`, because browsers would ignore X-Frame-Options, which Django's setting and decorators change.
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
    }
}
