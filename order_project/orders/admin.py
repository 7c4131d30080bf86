"""Orders in the admin."""

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html

from orders.models import Order

admin.site.site_header = admin.site.site_title = "Order service"
admin.site.index_title = "Administration"


@admin.register(Order)
class OrderAdmin(admin.ModelAdmin):  # type: ignore[type-arg] # not generic when it runs
    """Find an order by number, user, product, status or date.

    None is added here and none given to another user: the API checks that the user exists.
    """

    list_display = ["id", "user", "product_name", "quantity", "status", "created_at"]
    list_display_links = ["id", "product_name"]
    list_filter = ["status", "created_at"]
    search_fields = ["=id", "=user_id", "product_name"]
    search_help_text = "Order number, user id or product"
    date_hierarchy = "created_at"
    fields = ["user", "product_name", "quantity", "status", "created_at", "updated_at"]
    readonly_fields = ["user", "status", "created_at", "updated_at"]
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Offer no form for a new order."""
        return False

    @admin.display(ordering="user_id")
    def user(self, order: Order) -> str:
        """Link to the user in the user service's admin."""
        return format_html(
            '<a href="{}">User {}</a>', settings.USER_ADMIN_URL.format(user_id=order.user_id), order.user_id
        )
