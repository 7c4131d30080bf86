"""Idempotency keys in the admin, to look at."""

from django.contrib import admin
from django.http import HttpRequest

from idempotency.models import IdempotencyKey


@admin.register(IdempotencyKey)
class IdempotencyKeyAdmin(admin.ModelAdmin):  # type: ignore[type-arg] # not generic when it runs
    """Find out what became of a key. Requests make keys, and ``purge_idempotency_keys`` deletes those that are over."""

    list_display = ["key", "status", "location", "created_at", "locked_until", "expires_at"]
    list_filter = ["status", "created_at"]
    search_fields = ["key", "location"]
    readonly_fields = ["answer"]
    exclude = ["body"]
    show_full_result_count = False

    @admin.display
    def answer(self, stored: IdempotencyKey) -> str:
        """Show the stored body as text."""
        return bytes(stored.body or b"").decode()

    def has_add_permission(self, request: HttpRequest, obj: IdempotencyKey | None = None) -> bool:
        """Refuse: a key that is changed or deleted would be a doubled order."""
        return False

    has_change_permission = has_delete_permission = has_add_permission
