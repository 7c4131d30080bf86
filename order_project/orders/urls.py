"""The URLs of the order API."""

from chassis.rest.routers import OptionalSlashRouter
from orders.views import OrderViewSet

router = OptionalSlashRouter()
router.register("orders", OrderViewSet)
