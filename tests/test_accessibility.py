"""The pages of the services have no serious axe-core findings of this project's own, on any screen.

The portal's pages are in test_portal_pages.py.
"""

import pytest

from devtools.projects import with_database
from tests.api import make_order
from tests.browser import serious_findings

# Findings in REST framework's templates and Bootstrap 3 that no block or setting can change.
OF_REST_FRAMEWORK = {
    "button-name",  # the menu of formats is an arrow without a name
    "color-contrast",  # of breadcrumbs, hints below inputs, and the DELETE button
    "html-has-lang",  # <html> has no attributes
    "label",  # labels of forms do not name their inputs
    "scrollable-region-focusable",  # the response scrolls sideways, but not by the keyboard
}
# Findings in Django's admin.
OF_DJANGO = {
    "label-title-only",  # the label of the search is a picture
    "link-in-text-block",  # links in breadcrumbs, and "Show all", differ from text by their colour only
}


def test_pages_of_the_browsable_api_are_accessible(page, gateway):
    order = make_order(gateway)
    lists = [path for project in with_database() for path in project.routing.paths]

    for path in [*lists, f"/orders/{order['id']}", "/orders/987654321"]:
        page.goto(path)
        own = ".navbar" if path in lists else ".navbar, .post-action"

        assert serious_findings(page, OF_REST_FRAMEWORK, own) == []


def test_sign_in_is_accessible(page):
    page.goto("/admin/user/login/")  # the page of all services

    assert serious_findings(page) == []


@pytest.mark.usefixtures("logged_in")
def test_admins_are_accessible(page):
    for project in with_database():
        page.goto(f"/admin/{project.name}/")
        index = serious_findings(page)
        page.locator(f'#content-main th a[href^="/admin/{project.name}{project.routing.paths[0]}/"]').first.click()
        page.wait_for_load_state()

        assert index + serious_findings(page, OF_DJANGO) == []


def test_problems_are_accessible(page):
    for path in ["/nowhere", "/admin/user/nowhere"]:  # the page of the gateway, and that of all services
        page.goto(path)

        assert serious_findings(page) == []
