import pytest
from django.db import DataError, IntegrityError, transaction

from widgets.models import Widget


@pytest.mark.django_db
@pytest.mark.parametrize(("name", "error"), [("", IntegrityError), (None, IntegrityError), ("x" * 201, DataError)])
def test_database_itself_refuses(name, error):
    with pytest.raises(error), transaction.atomic():
        Widget.objects.bulk_create([Widget(name=name)])
