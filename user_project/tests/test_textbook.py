"""Idioms of the documentation of Django, REST framework and django-filter work in a copy of the service.

Each case runs under the test client and under gunicorn, with and without speedups, with ``ATOMIC_REQUESTS``.
"""

import pytest
from django.contrib.auth.models import User as Account
from django.db import connection

from tests.textbook import people
from tests.textbook.cases import CASES


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.idiom)
def test_idiom(ask, case):
    case.check(ask)


def test_rows_that_refer_to_accounts_are_deleted_too(db):
    """Packages such as django-simple-history add tables of such rows."""
    account = Account.objects.create(username="admin")
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE history (user_id integer REFERENCES auth_user)")
        cursor.execute("INSERT INTO history VALUES (%s)", [account.pk])

    people.delete()

    assert not Account.objects.exists()
