"""The URLs of the widget API."""

from chassis.rest.routers import OptionalSlashRouter
from widgets.views import WidgetViewSet

router = OptionalSlashRouter()
router.register("widgets", WidgetViewSet)
