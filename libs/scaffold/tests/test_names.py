import pytest
from repository import ROOT

from scaffold.names import plural_of, singular_of, why_not
from scaffold.startservice import RefusedError, start_service


@pytest.mark.parametrize(
    ("singular", "plural"),
    [
        ("trial", "trials"),
        ("invoice", "invoices"),
        ("category", "categories"),
        ("key", "keys"),
        ("address", "addresses"),
        ("box", "boxes"),
        ("branch", "branches"),
        ("tie", "ties"),
    ],
)
def test_plurals_and_singulars(singular, plural):
    assert singular == "tie" or singular_of(plural) == singular
    assert plural_of(singular) == plural


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("user", "taken"),
        ("gateway", "taken"),
        ("chassis", "taken"),
        ("tests", "taken"),
        ("example", "reserved"),
        ("outbox", "reserved"),
        ("callers", "reserved"),
        ("secrets", "standard library"),
        ("class", "keyword"),
        ("match", "keyword"),
        ("json", "standard library"),
        ("list", "built into Python"),
        ("django", "installed package"),
        ("rest_framework", "lower-case letters"),
        ("Trial", "lower-case letters"),
        ("pay-ment", "lower-case letters"),
        ("2pay", "lower-case letters"),
        ("", "lower-case letters"),
        ("p" * 19, "lower-case letters"),
        ("../pay", "lower-case letters"),
    ],
)
def test_invalid_name_is_refused_with_the_reason(name, reason):
    assert reason in why_not(name, ROOT)
    with pytest.raises(RefusedError, match=reason):
        start_service(ROOT, name)


def test_a_good_name_is_not_refused():
    assert why_not("trial", ROOT) is None


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"resource": "users"}, "/users is a path of user_project"),
        ({"resource": "proxy"}, "'proxy' is"),
        ({"resource": "json"}, "standard library"),
        ({"resource": "sets"}, "built into Python"),
        ({"resource": "classes"}, "keyword"),
        ({"resource": "trial"}, "name of the service"),
        ({"resource": "widgets"}, "reserved"),
        ({"resource": "knownusers", "consumes": ["user"]}, "'knownuser', which is the model of consumed objects"),
        ({"port": 8000}, "Port 8000 is used by user_project"),
        ({"port": 9100}, "Port 9100 is used by user_project"),
        ({"port": 0}, "--port is 0"),
        ({"port": 70_000}, "--port is 70000"),
        ({"calls": ["absent"]}, "no service 'absent' to call; there are "),
        ({"calls": ["gateway"]}, "no service 'gateway' to call"),
        ({"consumes": ["absent"]}, "no service 'absent' to call"),
        ({"consumes": ["order"]}, "The order service publishes no events"),
    ],
)
def test_conflict_is_refused_and_nothing_is_written(options, reason):
    before = set(ROOT.iterdir())

    with pytest.raises(RefusedError, match=reason):
        start_service(ROOT, "trial", **options)

    assert set(ROOT.iterdir()) == before
