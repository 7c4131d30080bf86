"""Feeds and dead letters in the admin."""

from django.contrib import admin
from django.http import HttpRequest

from events.inbox.models import DeadLetter, DeadLetterQuerySet, FeedCursor


class _ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg] # not generic when it runs
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Offer no form for a new one."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Keep what the consumer works with."""
        return False


@admin.register(FeedCursor)
class FeedCursorAdmin(_ReadOnlyAdmin):
    """Look how far the feeds have been read."""

    list_display = ["feed", "position", "head", "is_replaying", "caught_up_at", "skipped"]

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Leave the cursor to the consumer; see ``manage.py replay_events``."""
        return False


@admin.register(DeadLetter)
class DeadLetterAdmin(_ReadOnlyAdmin):
    """Find out why an event was not applied; mend the cause, then retry, or discard."""

    list_display = ["id", "type", "subject", "state", "attempts", "next_attempt_at", "error", "created_at"]
    list_filter = ["state", "feed", "type"]
    search_fields = ["subject", "event_id"]
    readonly_fields = [field.name for field in DeadLetter._meta.fields]
    actions = ["retry", "discard"]

    @admin.action(description="Retry the selected events", permissions=["change"])
    def retry(self, request: HttpRequest, letters: DeadLetterQuerySet) -> None:
        """Have the worker try them within seconds."""
        self.message_user(request, f"{letters.retry()} events will be tried again within seconds.")

    @admin.action(description="Discard the selected events", permissions=["change"])
    def discard(self, request: HttpRequest, letters: DeadLetterQuerySet) -> None:
        """Give them up."""
        self.message_user(request, f"{letters.discard()} events are discarded.")
