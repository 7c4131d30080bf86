"""Fixtures for tests of the library."""

from itertools import count

import pytest
from rest_framework.test import APIClient

from library.books.models import Book

_numbers = count(1)


@pytest.fixture
def api():
    return APIClient()


@pytest.fixture
def make_book(db):
    def make(**overrides):
        return Book.objects.create(**{"title": "Emma", "isbn": f"{next(_numbers):013}"} | overrides)

    return make
