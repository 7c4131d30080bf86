"""Filters of the list of books."""

from library.books.models import Book
from lists.filters import IdInFilter, StrictFilterSet


class BookFilter(StrictFilterSet):
    """Filters of ``GET /books``."""

    id__in = IdInFilter(field_name="id", lookup_expr="in")

    class Meta:
        model = Book
        fields = {"title": ["exact"], "shelf": ["exact"], "created_at": ["gt", "gte", "lt", "lte"]}
