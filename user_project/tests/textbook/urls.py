"""The copied service's addresses, and one set of them under an argument that only a middleware knows."""

from django.urls import include, path, re_path

from chassis.rest.routers import OptionalSlashRouter
from textbook import views
from user_project.urls import handler400, handler403, handler404, handler500, urlpatterns

__all__ = ["handler400", "handler403", "handler404", "handler500"]

router = OptionalSlashRouter()
router.register("owned", views.OwnedViewSet, "owned")
router.register("owner-filtered", views.OwnerFilteredViewSet, "owner-filtered")
router.register("profiles", views.ProfileViewSet, "profile")
router.register("dynamic", views.DynamicFieldsViewSet, "dynamic")
router.register("context", views.ContextViewSet, "context")
router.register("by-email", views.ByEmailViewSet, "by-email")
router.register("session", views.SessionViewSet, "session")
router.register("signals", views.SignalsViewSet, "signals")
router.register("late", views.LateViewSet, "late")
router.register("numbers", views.NumbersViewSet, "numbers")
router.register("atomic", views.AtomicViewSet, "atomic")
router.register("throttled", views.ThrottledViewSet, "throttled")
router.register("pages", views.PagesViewSet, "pages")
router.register("offsets", views.OffsetsViewSet, "offsets")
router.register("annotated", views.AnnotatedViewSet, "annotated")
router.register("per-action", views.PerActionViewSet, "per-action")

urlpatterns = [
    *urlpatterns,
    path("", include(router.urls)),
    re_path("^teams/(?P<team>[a-z]+)/", include((router.urls, "teams"))),
]
