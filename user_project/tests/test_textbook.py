"""What the documentation of Django, REST framework and django-filter shows works in a copy of the service.

Each case runs under the test client and under gunicorn, with and without speedups, with ``ATOMIC_REQUESTS``.
"""

import pytest

from tests.textbook import people
from tests.textbook.cases import CASES

pytestmark = pytest.mark.django_db(transaction=True, available_apps=people.APPS)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.idiom)
def test_idiom(ask, case):
    case.check(ask)
