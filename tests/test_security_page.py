"""SECURITY.md names a test for the limit of each resource."""

import re

from devtools.projects import ROOT

LIMITS = (ROOT / "SECURITY.md").read_text().partition("## Limits of each resource")[2]
ROWS = [line for line in LIMITS.splitlines() if re.match(r"\| (?!process|----)", line)]


def test_each_limit_has_a_test():
    assert len(ROWS) > 20
    for row in ROWS:
        file, name = re.fullmatch(r"`(\S+)::(\w+)`", row.split("|")[-2].strip()).groups()
        assert f"\ndef {name}(" in (ROOT / file).read_text(), row
