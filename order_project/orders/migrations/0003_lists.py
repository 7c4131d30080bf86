from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.contrib.postgres.search import SearchVectorField
from django.db import migrations, models
from django.db.models import Func, TextField, Value
from django.db.models.functions import Cast, Coalesce, Lower

# lists.text_search.search_vector("product_name") at the time of this migration.
TEXT = Lower(
    Func(
        Coalesce("product_name", Value("")),
        template="(%(expressions)s)",
        arg_joiner=" || ' ' || ",
        output_field=TextField(),
    )
)
WORDS = Cast(Func(TEXT, Value("'\\:@.,_/+()&\"-"), Value(" " * 14), function="TRANSLATE"), SearchVectorField())
INDEXES = [
    models.Index(fields=["user_id", "id", "status"], name="order_user_status"),
    models.Index(fields=["user_id", "created_at", "id", "status"], name="order_user_created_at"),
    models.Index(fields=["status", "created_at", "id"], name="order_status_created_at"),
    GinIndex(WORDS, name="order_search", fastupdate=False),
]


class Migration(migrations.Migration):
    atomic = False  # required for AddIndexConcurrently, which does not block writers

    dependencies = [("orders", "0002_user_verified_at")]

    operations = [
        *(AddIndexConcurrently("order", index) for index in INDEXES),
        RemoveIndexConcurrently("order", "order_user"),
    ]
