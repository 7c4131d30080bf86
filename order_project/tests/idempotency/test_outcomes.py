"""The counter of requests with an idempotency key."""

import subprocess
import sys

CODE = """
import django
django.setup()
from idempotency.views import OUTCOMES
samples = [each for each in OUTCOMES.collect()[0].samples if each.name.endswith("_total")]
print(sorted((each.labels["outcome"], each.value) for each in samples))
"""


def test_each_outcome_is_counted_from_0():
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)

    outcomes = ["claim_lost", "created", "failed", "in_use", "replayed", "reused"]
    assert done.stdout.strip() == str([(outcome, 0.0) for outcome in outcomes])
