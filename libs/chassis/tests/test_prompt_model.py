"""Rows are written by a statement that is put together once, and read without ``__init__``: all else as in Django."""

from datetime import UTC, datetime
from itertools import count

import pytest
from django.db import models as fields
from django.db.models import Value
from django.db.models.functions import Lower
from django.db.models.signals import post_save
from django.db.models.sql.compiler import SQLInsertCompiler

from chassis import models


class PromptBook(models.PromptModel):
    """The table of ``Book``; of an application that is not installed, so that no migration is missing."""

    title = fields.CharField(max_length=200)
    isbn = fields.CharField(max_length=13, unique=True)
    contact = fields.EmailField(blank=True)
    pages = fields.PositiveIntegerField(default=1)
    shelf = fields.BigIntegerField(default=1)
    created_at = fields.DateTimeField(auto_now_add=True)
    updated_at = fields.DateTimeField(auto_now=True)

    class Meta:
        app_label = "prompt"
        db_table = "books_book"


pytestmark = pytest.mark.django_db

LONG_AGO = datetime(2001, 1, 1, tzinfo=UTC)
_numbers = count(1)


@pytest.fixture
def make_book():
    def make(**overrides):
        values = {"title": "Emma", "isbn": str(next(_numbers))} | overrides
        return PromptBook.objects.create(**values)

    return make


@pytest.fixture
def put_together(monkeypatch):
    """The statements that Django puts together."""
    models._insert.cache_clear()
    statements = []
    as_sql = SQLInsertCompiler.as_sql

    def note(compiler):
        statements.extend(as_sql(compiler))
        return as_sql(compiler)

    monkeypatch.setattr(SQLInsertCompiler, "as_sql", note)
    return statements


def test_statement_is_put_together_once(put_together, make_book):
    books = [make_book(title=f"Emma {number}") for number in range(3)]

    assert len(put_together) == 1
    assert [PromptBook.objects.get(pk=book.pk).title for book in books] == [
        "Emma 0",
        "Emma 1",
        "Emma 2",
    ]


def test_a_given_key_is_written_by_a_statement_of_its_own(put_together, make_book):
    make_book()
    make_book(pk=1_000_000)

    assert len(put_together) == 2
    assert PromptBook.objects.filter(pk=1_000_000).exists()


def test_an_expression_is_computed_by_the_database(make_book):
    book = make_book(title=Lower(Value("EMMA")))

    assert PromptBook.objects.get(pk=book.pk).title == "emma"


def test_raw_data_stay_as_they_are(make_book):
    book = PromptBook(title="Emma", isbn="1", created_at=LONG_AGO, updated_at=LONG_AGO)
    book.save_base(raw=True, force_insert=True)

    assert PromptBook.objects.get(pk=book.pk).created_at == LONG_AGO


def test_a_key_that_becomes_something_else_is_left_to_django(make_book, monkeypatch):
    key = PromptBook._meta.pk
    monkeypatch.setattr(key, "from_db_value", lambda value, *_: -value, raising=False)
    monkeypatch.delattr(key, "cached_col", raising=False)
    models._insert.cache_clear()

    pk = make_book().pk

    models._insert.cache_clear()
    assert pk < 0


def test_statement_that_depends_on_its_values_is_left_to_django(put_together, make_book, monkeypatch):
    field = PromptBook._meta.get_field("title")
    monkeypatch.setattr(field, "get_placeholder", lambda *_: "upper(%s)", raising=False)

    book = make_book(title="Emma")

    models._insert.cache_clear()
    assert PromptBook.objects.get(pk=book.pk).title == "EMMA"


def test_receivers_of_signals_are_told(make_book):
    told = []

    def receive(sender, instance, created, **kwargs):
        told.append((instance.pk, created))

    post_save.connect(receive, sender=PromptBook)
    try:
        book = make_book()
    finally:
        post_save.disconnect(receive, sender=PromptBook)

    assert told == [(book.pk, True)]


def test_row_that_is_read_is_as_django_makes_it(make_book):
    book = make_book()

    read = PromptBook.objects.get(pk=book.pk)

    assert read == book
    assert not read._state.adding
    assert read._state.db == "default"
    assert read.created_at == book.created_at


def test_fields_that_were_not_read_are_deferred(make_book):
    make_book(title="Emma")

    read = PromptBook.objects.only("shelf").get()

    assert read.get_deferred_fields() == {
        "title",
        "isbn",
        "contact",
        "pages",
        "created_at",
        "updated_at",
    }
    assert read.title == "Emma"


def test_row_is_made_without_init(make_book, monkeypatch):
    make_book()

    def fail(*args, **kwargs):
        raise AssertionError

    monkeypatch.setattr(PromptBook, "__init__", fail)

    assert PromptBook.objects.get().shelf
