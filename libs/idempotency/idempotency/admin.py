"""Idempotency keys in the admin, read-only."""

from django.contrib import admin
from django.http import HttpRequest

from idempotency.models import IdempotencyKey


@admin.register(IdempotencyKey)
class IdempotencyKeyAdmin(admin.ModelAdmin):  # type: ignore[type-arg] # not generic when it runs
    """A read-only list of keys. Requests create them, and ``purge_idempotency_keys`` deletes expired ones."""

    list_display = ["key", "status", "location", "created_at", "locked_until", "expires_at"]
    list_filter = ["status", "created_at"]
    search_fields = ["key", "location"]
    readonly_fields = ["response"]
    exclude = ["body"]
    show_full_result_count = False

    @admin.display
    def response(self, stored: IdempotencyKey) -> str:
        """Return the stored body as text."""
        return bytes(stored.body or b"").decode()

    def has_add_permission(self, request: HttpRequest, obj: IdempotencyKey | None = None) -> bool:
        """Return False. Without its key, a retry would create a duplicate."""
        return False

    has_change_permission = has_delete_permission = has_add_permission
