"""The content security policy of pages, and django-csp's documented ways to change it."""

import pytest
from csp.constants import SELF
from csp.decorators import csp_exempt, csp_replace, csp_update
from django.http import HttpResponse

from chassis.pages import PageSecurityMiddleware

INLINE = "'unsafe-inline'"


def page(request):
    return HttpResponse("<script>start()</script>")


def directives(view, request):
    """Return the values of the policy's directives, in no order; an empty dict without a policy."""
    policy = PageSecurityMiddleware(view)(request).get("Content-Security-Policy", "")
    return dict(one.strip().split(" ", 1) for one in policy.split(";") if one.strip())


def test_page_has_the_policy_of_the_settings(rf):
    assert directives(page, rf.get("/docs"))["script-src"] == SELF


def test_excluded_page_has_no_policy(rf, settings):
    settings.CONTENT_SECURITY_POLICY = settings.CONTENT_SECURITY_POLICY | {"EXCLUDE_URL_PREFIXES": ["/docs"]}

    assert directives(page, rf.get("/docs")) == {}
    assert directives(page, rf.get("/admin/"))["script-src"] == SELF


@pytest.mark.parametrize(
    ("decorator", "expected"),
    [
        (csp_update({"script-src": [INLINE]}), f"{SELF} {INLINE}"),
        (csp_replace({"script-src": [INLINE]}), INLINE),
    ],
    ids=["csp_update", "csp_replace"],
)
def test_decorator_changes_the_policy_of_a_view(rf, decorator, expected):
    assert directives(decorator(page), rf.get("/docs"))["script-src"] == expected


def test_exempt_view_has_no_policy(rf):
    assert directives(csp_exempt()(page), rf.get("/docs")) == {}
