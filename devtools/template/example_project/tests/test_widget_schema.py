from django.core.management import call_command
from drf_spectacular.generators import SchemaGenerator
from jsonschema import Draft202012Validator


def test_document_is_valid_and_complete(tmp_path):
    call_command("spectacular", file=str(tmp_path / "openapi.yaml"), validate=True, fail_on_warn=True)

    document = SchemaGenerator().get_schema(request=None, public=True)
    assert set(document["paths"]) == {"/widgets", "/widgets/{id}"}
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
