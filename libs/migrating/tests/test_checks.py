import pytest
from django.db.utils import ConnectionHandler

from conftest import finish
from migrating import checks

LOCALE_C = "TEMPLATE template0 LOCALE 'C'"
ALL = ["0001_initial", "0002_first_entry", "0003_index"]


@pytest.mark.parametrize("command", ["migrate", "migrate_once"])
def test_locale_without_the_case_of_all_letters_is_a_warning(missing, command):
    missing.create(LOCALE_C)

    status, output = finish(missing.start(command=command))

    assert status == 0, output
    assert output.count("default: (migrating.W001) The locale of the database knows") == 1
    assert missing.applied() == ALL


@pytest.mark.parametrize("encoding", ["LATIN1", "EUC_JP", "SQL_ASCII"])  # the second one has no Ä
def test_encoding_other_than_utf8_is_an_error(missing, encoding):
    missing.create(f"{LOCALE_C} ENCODING '{encoding}'")

    status, output = finish(missing.start())

    assert status == 1
    assert f"default: (migrating.E001) The encoding of the database is {encoding}" in output
    assert missing.query("SELECT to_regclass('django_migrations')") == [(None,)]


def test_database_that_is_created_after_the_start_is_checked(missing):
    process = missing.start()
    process.stdout.readline()
    missing.create(LOCALE_C)
    status, output = finish(process)

    assert status == 0, output
    assert "migrating.W001" in output


def test_database_of_development_passes(empty):
    status, output = finish(empty.start("--database", "default", "--fail-level", "WARNING", command="check"))

    assert status == 0, output
    assert "no issues" in output


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (None, []),
        ("", []),
        (LOCALE_C, ["migrating.W001"]),
        (f"{LOCALE_C} ENCODING 'SQL_ASCII'", ["migrating.E001"]),
    ],
    ids=["no database", "of development", "locale C", "no encoding"],
)
def test_check_returns_messages(missing, monkeypatch, settings, django_db_blocker, options, found):
    if options is not None:
        missing.create(options)
    handler = ConnectionHandler({"default": settings.DATABASES["default"] | {"NAME": missing.name}})
    monkeypatch.setattr(checks, "connections", handler)

    with django_db_blocker.unblock():
        messages = checks.encoding_and_locale(databases=["default"])
        handler.close_all()

    assert [one.id for one in messages] == found


def test_check_passes_without_a_server(missing):
    status, output = finish(missing.start("--database", "default", command="check"))

    assert status == 0, output
    assert "no issues" in output


def test_other_databases_are_not_checked(monkeypatch):
    sqlite = {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}
    monkeypatch.setattr(checks, "connections", ConnectionHandler({"default": sqlite}))

    assert checks.encoding_and_locale(databases=["default"]) == []
    assert checks.encoding_and_locale(databases=None) == []
