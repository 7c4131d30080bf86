import pytest
from django.db import DataError, IntegrityError, transaction

from orders.models import Order


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("field", "value", "error"),
    [
        ("user_id", 0, IntegrityError),
        ("user_id", None, IntegrityError),
        ("product_name", "", IntegrityError),
        ("product_name", "x" * 201, DataError),
        ("quantity", 0, IntegrityError),
        ("quantity", 10_001, IntegrityError),
        ("status", "lost", IntegrityError),
    ],
)
def test_database_rejects(field, value, error):
    with pytest.raises(error), transaction.atomic():
        Order.objects.bulk_create([Order(**{"user_id": 7, "product_name": "Laptop"} | {field: value})])
