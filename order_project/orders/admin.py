"""Orders in the admin."""

from django.conf import settings
from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html

from orders.models import InvalidTransition, Order

admin.site.site_header = admin.site.site_title = "Order service"
admin.site.site_url = "/orders"
admin.site.index_title = "Administration"


@admin.register(Order)
class OrderAdmin(admin.ModelAdmin):  # type: ignore[type-arg] # not generic at runtime
    """Search orders by number, user and product; filter them by status and date.

    Orders cannot be added here or moved to another user, because only the API verifies users.
    """

    list_display = ["id", "user", "user_state", "product_name", "quantity", "status", "created_at"]
    list_display_links = ["id", "product_name"]
    list_filter = [
        "status",
        ("user_deactivated_at", admin.EmptyFieldListFilter),
        ("user_deleted_at", admin.EmptyFieldListFilter),
        "created_at",
    ]
    search_fields = ["=id", "=user_id", "product_name"]
    search_help_text = "Order number, user id or product"
    date_hierarchy = "created_at"
    ordering = ["-id"]
    fields = [
        "user",
        "user_deactivated_at",
        "user_deleted_at",
        "product_name",
        "quantity",
        "status",
        "created_at",
        "updated_at",
    ]
    readonly_fields = ["user", "user_deactivated_at", "user_deleted_at", "status", "created_at", "updated_at"]
    show_full_result_count = False
    actions = ["fulfil", "cancel"]

    @admin.action(description="Fulfil the selected orders", permissions=["change"])
    def fulfil(self, request: HttpRequest, orders: QuerySet[Order]) -> None:
        """Mark the orders as fulfilled."""
        self._transition(request, orders, Order.Status.FULFILLED)

    @admin.action(description="Cancel the selected orders", permissions=["change"])
    def cancel(self, request: HttpRequest, orders: QuerySet[Order]) -> None:
        """Cancel the orders."""
        self._transition(request, orders, Order.Status.CANCELLED)

    @transaction.atomic
    def _transition(self, request: HttpRequest, orders: QuerySet[Order], target: Order.Status) -> None:
        for order in orders.select_for_update().order_by("pk"):
            try:
                order.transition(target)
            except InvalidTransition as error:
                self.message_user(request, str(error), messages.ERROR)
            else:
                self.message_user(request, f"Order {order.pk} is {target}.", messages.SUCCESS)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Order | None:
        """Return the order, locked while it is changed, so that a concurrent transition is not overwritten."""
        order = super().get_object(request, object_id, from_field)
        if order and transaction.get_connection().in_atomic_block:
            return Order.objects.select_for_update().filter(pk=order.pk).first()
        return order

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Return False: orders are placed through the API."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Order | None = None) -> bool:
        """Return False for closed orders, so that a change of one is refused and not ignored."""
        return super().has_change_permission(request, obj) and not (obj and obj.is_closed)

    @admin.display(ordering="user_id")
    def user(self, order: Order) -> str:
        """Link to the user in the user service's admin."""
        url = settings.USER_ADMIN_URL.format(user_id=order.user_id)
        return format_html('<a href="{}">User&nbsp;{}</a>', url, order.user_id)

    @admin.display(description="User is")
    def user_state(self, order: Order) -> str:
        """Return the flag of the user: "deleted", "deactivated" or nothing."""
        if order.user_deleted_at:
            return "deleted"
        return "deactivated" if order.user_deactivated_at else ""
