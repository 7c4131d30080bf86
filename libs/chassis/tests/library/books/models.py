"""The model of a book, with fields of each type that chassis maps to a strict serializer field."""

from django.contrib.postgres.indexes import GinIndex
from django.db import models

from lists.text_search import search_vector


class Book(models.Model):
    """A copy of a book."""

    title = models.CharField(max_length=200)
    isbn = models.CharField(max_length=13, unique=True)
    contact = models.EmailField(blank=True)
    pages = models.PositiveIntegerField(default=1)
    shelf = models.BigIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(fields=["created_at", "id"], name="book_created_at"),
            GinIndex(search_vector("title", "isbn"), name="book_search", fastupdate=False),
        ]

    def __str__(self) -> str:
        return self.title
