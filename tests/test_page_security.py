"""Every page has the headers that the HTTP Observatory recommends, and browsers enforce its policy."""

import pytest

from devtools.projects import with_database
from tests.browser import Watch

SERVICES = with_database()
LISTS = [path for project in SERVICES for path in project.routing.paths]
STATIC = ["/nowhere", "/users/987654321", *(f"/admin/{project.name}/login/" for project in SERVICES)]
OF_SERVICES = ("/admin/", *LISTS)
OTHER = ["/", "/-/status", "/-/docs", *LISTS, "/-/nowhere"]
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
INJECTED = """() => {
    const script = document.createElement("script");
    script.textContent = "window.injected = true";
    document.body.append(script);
    return Boolean(window.injected);
}"""


def directives(policy):
    return dict(one.strip().split(" ", 1) for one in policy.strip("; ").split(";"))


@pytest.mark.parametrize("path", STATIC + OTHER)
def test_page_has_the_headers_that_protect_it(gateway, path):
    page = gateway.get(path, headers={"Accept": "text/html"})

    assert page.headers["Content-Type"].startswith("text/html")
    assert {name: page.headers.get(name) for name in HEADERS} == HEADERS
    policy = directives(page.headers["Content-Security-Policy"])
    assert policy["default-src"] == policy["base-uri"] == "'none'"
    # The services leave framing to X-Frame-Options, which browsers ignore beside this directive.
    assert policy.get("frame-ancestors") == (None if path.startswith(OF_SERVICES) else "'none'")
    assert policy.get("script-src", "'self'") == "'self'"
    assert not any("unsafe" in value for name, value in policy.items() if name != "style-src-attr")


@pytest.mark.parametrize("path", OTHER)
def test_injected_script_does_not_run(page, path):
    page.goto(path)

    assert page.evaluate(INJECTED) is False


@pytest.mark.parametrize("path", STATIC)
def test_page_complies_with_its_own_policy_and_runs_no_injected_script(page, system, path):
    watch = Watch(page)

    page.goto(path, wait_until="networkidle")

    assert [fault for fault in watch.faults if not fault.startswith("404 ")] == []
    assert all(url.startswith((system.gateway.url, "data:")) for url in watch.urls)
    background = "getComputedStyle(document.querySelector('main, #header, .navbar')).backgroundColor"
    assert page.evaluate(background) != "rgba(0, 0, 0, 0)"  # its style applies
    assert page.evaluate(INJECTED) is False
