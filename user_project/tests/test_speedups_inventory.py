"""The internals of other packages that the speedups rely on are unchanged since their review (README.md)."""

import hashlib
import inspect
from importlib.metadata import version
from pathlib import Path

import pytest
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.base import Model
from django.db.models.query import QuerySet
from django.db.models.sql.query import Query
from django.views.decorators.csrf import csrf_exempt
from gunicorn.workers.base import Worker
from rest_framework import (
    filters,
    generics,
    mixins,
    negotiation,
    pagination,
    renderers,
    response,
    serializers,
    views,
    viewsets,
)
from rest_framework.fields import CharField, ChoiceField, DateTimeField, IntegerField

import speedups

README = Path(speedups.__file__).parents[1].joinpath("README.md").read_text()

# Review these together with the code of ``speedups`` when one of them changes. The second digest is Django 6.1's.
REVIEWED = {
    Worker: "41bcd41fbc752179",
    BaseDatabaseWrapper.close_if_unusable_or_obsolete: "9e0690a760eb710d 6b6ae12ebd80c4bd",
    Query.sql_with_params: "ea303db591a79358",
    QuerySet.__init__: "35d93a4d074deed1 71da62dfd4ccbe76",
    Model.from_db: "eba347895d11fa79 7c5e122272f4dd53",
    csrf_exempt: "0163f45f41624e7d",
    viewsets.ViewSetMixin: "17430f77f8bdc819",
    views.APIView: "27202ebe047b6c31",
    generics.GenericAPIView: "12e4761f2fb6522b",
    mixins.RetrieveModelMixin: "a6ea57779531105c",
    mixins.ListModelMixin: "968a2c2672c915db",
    filters: "2b7ca05d97c9f88b",
    negotiation: "7a422847e5255886",
    pagination.CursorPagination: "5e4df9350491106b",
    renderers.JSONRenderer: "a31e8b848bcf02b1",
    response.Response: "b0006d6251ec9eed",
    serializers.Serializer: "dfaeb7f2bbb5e871",
    CharField.to_representation: "34de3ff2c6c1d712",
    ChoiceField.to_representation: "4304cfe785eee8f0",
    DateTimeField.to_representation: "c992346916f34bc0",
    IntegerField.to_representation: "6956942bbe578b8b",
}


@pytest.mark.parametrize("package", ["django", "djangorestframework", "django-filter", "gunicorn", "requests"])
def test_version_is_reviewed(package):
    assert f"{package} {version(package)}" in README


@pytest.mark.parametrize("internal", REVIEWED, ids=lambda one: getattr(one, "__qualname__", one.__name__))
def test_source_is_unchanged_since_its_review(internal):
    source = inspect.getsource(internal).encode()

    assert hashlib.sha256(source).hexdigest()[:16] in REVIEWED[internal].split()
