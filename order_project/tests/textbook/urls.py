"""The URLs of the copied service."""

from django.urls import include, path

from chassis.rest.routers import OptionalSlashRouter
from order_project.urls import handler400, handler403, handler404, handler500, urlpatterns
from tests.textbook import views

__all__ = ["handler400", "handler403", "handler404", "handler500"]

router = OptionalSlashRouter()
router.register("own-orders", views.OwnOrderViewSet, "own-order")
router.register("draft-orders", views.DraftOrderViewSet, "draft-order")
router.register("notifying-orders", views.NotifyingOrderViewSet, "notifying-order")
router.register("linked-orders", views.LinkedOrderViewSet, "linked-order")
router.register("bulk-orders", views.BulkOrderViewSet, "bulk-order")
router.register("keyed-orders", views.KeyedOrderViewSet, "keyed-order")
router.register("checked-orders", views.CheckedOrderViewSet, "checked-order")

urlpatterns = [*urlpatterns, path("", include(router.urls))]
