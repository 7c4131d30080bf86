"""Users in the admin."""

from django.contrib import admin

from users.models import User

admin.site.site_header = admin.site.site_title = "User service"
admin.site.site_url = "/users"
admin.site.index_title = "Administration"


@admin.register(User)
class UserAdmin(admin.ModelAdmin):  # type: ignore[type-arg] # not generic at runtime
    """Search users by name and e-mail address; filter them by activity and date."""

    list_display = ["id", "name", "email", "is_active", "created_at", "updated_at"]
    list_display_links = ["id", "name"]
    list_filter = ["is_active", "created_at"]
    search_fields = ["name", "email"]
    search_help_text = "Name or e-mail address"
    date_hierarchy = "created_at"
    ordering = ["-id"]
    readonly_fields = ["created_at", "updated_at"]
    show_full_result_count = False
