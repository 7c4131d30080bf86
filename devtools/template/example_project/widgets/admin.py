"""Widgets in the admin."""

from django.contrib import admin

from widgets.models import Widget

admin.site.site_header = admin.site.site_title = "Example service"
admin.site.site_url = "/widgets"
admin.site.index_title = "Administration"


@admin.register(Widget)
class WidgetAdmin(admin.ModelAdmin):  # type: ignore[type-arg] # not generic at runtime
    """Search widgets by name; filter them by date."""

    list_display = ["id", "name", "created_at", "updated_at"]
    list_display_links = ["id", "name"]
    list_filter = ["created_at"]
    search_fields = ["name"]
    search_help_text = "Name"
    date_hierarchy = "created_at"
    readonly_fields = ["created_at", "updated_at"]
    show_full_result_count = False
