"""Idioms of the documentation of Django, REST framework and django-filter work in a copy of the service.

Each case runs under the test client and under gunicorn, with and without speedups, with ``ATOMIC_REQUESTS``.
"""

import pytest

from tests.textbook.cases import CASES


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.idiom)
def test_idiom(ask, case):
    case.check(ask)
