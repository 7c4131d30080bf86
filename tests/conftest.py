"""Fixtures of the tests across services: one running system, and clients for it."""

import os
import sys
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher

from devtools.projects import with_database
from tests import browser
from tests.databases import add_account, name_of, new_database
from tests.resources import ORDERS, USERS
from tests.system import migrate, running_another, running_system


def pytest_addoption(parser) -> None:
    parser.addoption("--minutes", type=float, default=0.05, help="total duration of the tests of test_fuzzing.py")
    parser.addoption("--seed", default="0", help="seed of their random messages")


def pytest_configure() -> None:
    missing = [
        project.variable("DATABASE_URL")
        for project in with_database()
        if project.variable("DATABASE_URL") not in os.environ
    ]
    if missing:
        raise pytest.UsageError(f"{' and '.join(missing)} not set; run `python3 manage_all.py test`")


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory):
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="session")
def new_databases(data_dir):
    """Creates migrated databases, as copies of databases that were migrated once."""
    with ExitStack() as stack:
        migrated = {project.name: stack.enter_context(new_database(project)) for project in with_database()}
        migrate(migrated, data_dir)

        @contextmanager
        def new_databases():
            with ExitStack() as stack:
                yield {
                    project.name: stack.enter_context(new_database(project, name_of(migrated[project.name])))
                    for project in with_database()
                }

        yield new_databases


@pytest.fixture(scope="session")
def database_urls(new_databases):
    with new_databases() as urls:
        yield urls


@pytest.fixture(scope="session")
def system(database_urls, data_dir, tmp_path_factory):
    """The running system, shared by all tests that do not change its processes or settings."""
    with running_system(database_urls, data_dir, tmp_path_factory.mktemp("log"), LOG_FORMAT="json") as system:
        yield system


@pytest.fixture
def run_system(database_urls, data_dir, tmp_path):
    """Runs a system for one test; only its databases are shared with other tests."""
    return partial(running_system, database_urls, data_dir, tmp_path)


@pytest.fixture(scope="module")
def run_system_with_events(new_databases, data_dir, tmp_path_factory):
    """Runs systems on databases that no other module uses, so that their events can be consumed."""
    with new_databases() as urls:
        yield partial(running_system, urls, data_dir, tmp_path_factory.mktemp("log"))


@pytest.fixture(scope="module")
def run_gateway(system, tmp_path_factory):
    """Runs one more gateway in front of the shared services, with other settings."""
    return partial(running_another, system, "gateway", tmp_path_factory.mktemp("log"))


@pytest.fixture(scope="module")
def run_system_of_module(database_urls, data_dir, tmp_path_factory):
    """Runs a system for the tests of one module."""
    return partial(running_system, database_urls, data_dir, tmp_path_factory.mktemp("log"))


@pytest.fixture
def gateway(system):
    with system.gateway.client() as client:
        yield client


@pytest.fixture(params=["gateway", "direct"])
def api(request, system):
    """A client of the API: in one run through the gateway, in the other directly at the services."""
    with system.gateway.client() if request.param == "gateway" else system.direct_client() as client:
        yield client


@pytest.fixture(params=[USERS, ORDERS], ids=str)
def resource(request):
    return request.param


@pytest.fixture(scope="session")
def uv():
    """The uv that uv.lock pins."""
    return Path(sys.executable).with_name("uv")


@pytest.fixture(scope="session")
def chromium():
    executable = browser.find_chromium()
    if executable is None:
        reason = "no Chromium is installed (on Debian: apt-get install chromium-headless-shell)"
        if browser.REQUIRED:
            pytest.fail(f"REQUIRE_BROWSER=1, but {reason}")
        pytest.skip(reason)
    with browser.running_chromium(executable) as running:
        yield running


@pytest.fixture(scope="session")
def browser_context(chromium, system):
    """A browser context on the gateway. The tests share its cache."""
    with browser.new_context(chromium, system.gateway.url) as context:
        yield context


@pytest.fixture
def page(browser_context):
    """A browser's page on the gateway, without cookies."""
    page = browser_context.new_page()
    yield page
    page.close()
    browser_context.clear_cookies()


@pytest.fixture(scope="session")
def accounts(system):
    """An administrator with an account in each service."""
    account = {
        "username": browser.ADMINISTRATOR,
        "password": PBKDF2PasswordHasher().encode(browser.PASSWORD, "salt"),
        "email": "admin@example.com",
    }
    for url in system.database_urls.values():
        add_account(url, **account)


@pytest.fixture(scope="session")
def sessions(browser_context, accounts):
    """The cookies of the administrator, who is logged in to the admin of each service."""
    page = browser_context.new_page()
    for project in with_database():
        browser.log_in(page, project.name)
    cookies = browser_context.cookies()
    page.close()
    browser_context.clear_cookies()
    return cookies


@pytest.fixture
def logged_in(sessions, page):
    """Adds the administrator's session cookies to the page."""
    page.context.add_cookies(sessions)
