"""New services that publish events, consume events, or neither."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
from repository import ROOT

from scaffold.descriptions import read_project, read_projects
from scaffold.names import LONGEST
from scaffold.parts import choose
from scaffold.startservice import RefusedError, start_service

OF_EVENTS = r"\bevents?\b|outbox|inbox|worker = true|\bversion = models"


def texts_of(folder):
    """Return the text of each file by name; check that no mark is left and that Python files can be parsed."""
    texts = {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}
    assert not [name for name, text in texts.items() if re.search("# (begin|end|publishes|consumes)", text)]
    for text in (text for name, text in texts.items() if name.endswith(".py")):
        ast.parse(text)
    return texts


@pytest.mark.parametrize("calls", [[], ["user"]])
def test_a_service_without_events_has_none_of_their_parts(repository, calls):
    start_service(repository.root, "trial", calls=calls)

    texts = texts_of(repository.root / "trial_project")

    assert not [name for name, text in texts.items() if re.search(OF_EVENTS, text) or "event" in name]
    assert not read_project(repository.root / "trial_project").worker


def test_a_publisher_has_an_outbox_and_a_worker_and_consumes_nothing(repository):
    start_service(repository.root, "trial", resource="attempts", publishes=True)

    texts = texts_of(repository.root / "trial_project")

    assert '"events.outbox"' in texts["trial_project/settings.py"]
    assert '"com.example.trial"' in texts["attempts/migrations/0002_events.py"]
    assert "com.example.trial.changed.v1" in texts["tests/test_attempt_events.py"]
    assert "purge events" in texts["attempts/management/commands/work.py"]
    assert 'Relay("attempts")' in texts["attempts/management/commands/work.py"]
    assert not [name for name, text in texts.items() if re.search("inbox|Known|user|EVENT_SUBSCRIPTIONS", text)]
    described = read_projects(repository.root)["trial"]
    assert (described.worker, described.calls) == (True, ())


def test_a_consumer_also_calls_the_service_and_publishes_nothing(repository):
    start_service(repository.root, "trial", consumes=["user"])

    texts = texts_of(repository.root / "trial_project")

    assert '"trials.user_events.users"' in texts["trial_project/settings.py"]
    assert "class KnownUser(models.Model)" in texts["trials/models.py"]
    assert "tests/test_user_events.py" in texts
    assert not [
        name for name, text in texts.items() if re.search("outbox|version = models.BigIntegerField\\(\\n", text)
    ]
    described = read_projects(repository.root)["trial"]
    assert (described.worker, described.calls) == (True, ("user",))


def test_a_service_can_consume_the_events_of_several_services(repository):
    start_service(repository.root, "voucher", resource="invoices", publishes=True)

    start_service(repository.root, "trial", calls=["order"], consumes=["user", "voucher"], publishes=True)

    texts = texts_of(repository.root / "trial_project")
    assert '"trials.user_events.users",\n    "trials.voucher_events.vouchers",' in texts["trial_project/settings.py"]
    assert {"class KnownUser(", "class KnownVoucher("} <= set(
        re.findall(r"class Known\w+\(", texts["trials/models.py"])
    )
    assert texts["trials/migrations/0002_events.py"].count("CreateModel") == 2
    assert '"com.example.voucher.changed.v1"' in texts["trials/voucher_events.py"]
    assert 'stream="invoices"' in texts["trials/voucher_events.py"]
    assert read_projects(repository.root)["trial"].calls == ("order", "user", "voucher")


def test_no_line_is_too_long_with_the_longest_names(repository):
    called, caller = "c" * LONGEST, "d" * LONGEST
    start_service(repository.root, called, resource=f"e{called[2:]}s", publishes=True)
    start_service(repository.root, caller, resource=f"f{caller[2:]}s", calls=["order"], consumes=["user", called])
    ruff = Path(sys.executable).with_name("ruff")
    folders = [f"{called}_project", f"{caller}_project"]

    subprocess.run([ruff, "format", "--quiet", *folders], cwd=repository.root, check=True)
    status, output = repository.run(str(ruff), "check", "--select=E501", *folders)

    assert status == 0, output


def test_a_service_that_publishes_nothing_cannot_be_consumed(repository):
    with pytest.raises(RefusedError, match="The order service publishes no events"):
        start_service(repository.root, "trial", consumes=["order"])

    assert not (repository.root / "trial_project").exists()


def test_parts_are_chosen_by_their_marks():
    once, each = (
        "# begin publishes\nb\n# end publishes\nc  # publishes\n",
        "    # begin consumed\n    user\n    # end consumed\n",
    )
    text = f"a\n{once}{each}"
    users = [read_projects(ROOT)["user"]]

    assert choose(text, ["publishes"], []) == "a\nb\nc\n"
    assert choose(text, ["consumes"], users) == "a\n    user\n"
