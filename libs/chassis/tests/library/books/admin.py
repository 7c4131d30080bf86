"""Books in the admin."""

from django.contrib import admin

from library.books.models import Book


@admin.register(Book)
class BookAdmin(admin.ModelAdmin):
    """Books, which can be searched by title."""

    list_display = ["id", "title", "isbn"]
    search_fields = ["title"]
