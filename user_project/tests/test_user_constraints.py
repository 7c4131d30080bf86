import pytest
from django.db import DataError, IntegrityError, transaction

from users.models import User

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("field", "value", "error"),
    [
        ("name", "", IntegrityError),
        ("name", None, IntegrityError),
        ("name", "x" * 201, DataError),
        ("email", "john", IntegrityError),
        ("email", "TAKEN@example.com", IntegrityError),
        ("email", "x" * 250 + "@b.co", DataError),
    ],
)
def test_database_itself_refuses(make_user, field, value, error):
    make_user(email="taken@example.com")

    with pytest.raises(error), transaction.atomic():
        User.objects.bulk_create([User(**{"name": "Ada", "email": "ada@example.com"} | {field: value})])
