from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.operations import AddIndexConcurrently
from django.contrib.postgres.search import SearchVectorField
from django.db import migrations
from django.db.models import Func, TextField, Value
from django.db.models.functions import Cast, Coalesce, Lower

# lists.text_search.search_vector("name", "email") at the time of this migration.
TEXT = Lower(
    Func(
        Coalesce("name", Value("")),
        Coalesce("email", Value("")),
        template="(%(expressions)s)",
        arg_joiner=" || ' ' || ",
        output_field=TextField(),
    )
)
WORDS = Cast(Func(TEXT, Value("'\\:@.,_/+()&\"-"), Value(" " * 14), function="TRANSLATE"), SearchVectorField())


class Migration(migrations.Migration):
    atomic = False  # required for AddIndexConcurrently, which does not block writers

    dependencies = [("users", "0001_initial")]

    operations = [
        AddIndexConcurrently("user", GinIndex(WORDS, name="user_search", fastupdate=False)),
    ]
