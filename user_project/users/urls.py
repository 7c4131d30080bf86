"""The URLs of the user API."""

from chassis.rest.routers import OptionalSlashRouter
from users.views import UserViewSet

router = OptionalSlashRouter()
router.register("users", UserViewSet)
