"""Feeds and dead letters in the admin."""

from django.contrib import admin
from django.http import HttpRequest

from events.inbox.models import DeadLetter, DeadLetterQuerySet, FeedCursor


class _ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg] # not generic at runtime
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Return False: the consumer creates these rows."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Return False: the consumer needs these rows."""
        return False


@admin.register(FeedCursor)
class FeedCursorAdmin(_ReadOnlyAdmin):
    """Shows the cursor of each feed."""

    list_display = ["feed", "position", "head", "is_replaying", "caught_up_at", "skipped"]

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Return False: ``manage.py replay_events`` resets a cursor."""
        return False


@admin.register(DeadLetter)
class DeadLetterAdmin(_ReadOnlyAdmin):
    """Shows why events were not applied; retries or discards them."""

    list_display = ["id", "type", "subject", "state", "attempts", "next_attempt_at", "error", "created_at"]
    list_filter = ["state", "feed", "type"]
    search_fields = ["subject", "event_id"]
    readonly_fields = [field.name for field in DeadLetter._meta.fields]
    actions = ["retry", "discard"]

    @admin.action(description="Retry the selected events", permissions=["change"])
    def retry(self, request: HttpRequest, letters: DeadLetterQuerySet) -> None:
        """Schedule the events for a retry by the worker."""
        self.message_user(request, f"{letters.retry()} events will be retried within seconds.")

    @admin.action(description="Discard the selected events", permissions=["change"])
    def discard(self, request: HttpRequest, letters: DeadLetterQuerySet) -> None:
        """Discard the events."""
        self.message_user(request, f"{letters.discard()} events are discarded.")
