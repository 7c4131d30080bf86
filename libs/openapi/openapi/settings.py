"""The settings of a service's OpenAPI document."""

from typing import Any

_CONVENTIONS = """
Errors are problems (RFC 9457, `application/problem+json`). Their `type` names the kind of problem; docs/problems.md
lists all of them, including those of the HTTP server, which can refuse any request: 400, 408, 414, 431, 501 and 505.

Timestamps are UTC in the form of RFC 3339. Integers are written without a fraction or exponent. Clients must ignore
members of a response that they do not know.
"""


def spectacular_settings(title: str, description: str) -> dict[str, Any]:
    """Return drf-spectacular's settings for a service's OpenAPI document.

    Descriptions are written for clients, so docstrings are left out.
    """
    return {
        "TITLE": title,
        "DESCRIPTION": f"{description}\n{_CONVENTIONS}",
        "OAS_VERSION": "3.1.0",
        "DISABLE_DOCSTRING_DESCRIPTIONS": True,
        "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
        "VERSION": "1.0.0",
        "SERVE_INCLUDE_SCHEMA": False,
        "COMPONENT_SPLIT_REQUEST": True,
        "PARSER_WHITELIST": ["chassis.rest.parsers.JSONParser"],
        "SCHEMA_PATH_PREFIX": "",
        "PREPROCESSING_HOOKS": ["openapi.hooks.without_trailing_slash"],
        "POSTPROCESSING_HOOKS": [
            "drf_spectacular.hooks.postprocess_schema_enums",
            "openapi.hooks.refer_to_enums",
            "openapi.hooks.state_integer_sizes",
            "openapi.hooks.complete_components",
        ],
    }
