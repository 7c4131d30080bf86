"""The URLs of the copied service, also under a prefix with an argument that only a middleware reads."""

from django.urls import include, path, re_path
from rest_framework.routers import DefaultRouter

from chassis.rest.routers import OptionalSlashRouter
from tests.textbook import formats, functions, policies, resources, views
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

OTHERS = {
    "basic": policies.BasicViewSet,
    "owner-writes": policies.OwnerWritesViewSet,
    "composed": policies.ComposedViewSet,
    "model-permissions": policies.ModelPermissionsViewSet,
    "per-action-permissions": policies.PerActionPermissionsViewSet,
    "reports": policies.ScopedThrottleViewSet,
    "user-throttle": policies.UserThrottleViewSet,
    "versions-by-query": policies.QueryVersionedViewSet,
    "versions-by-accept": policies.AcceptVersionedViewSet,
    "text": formats.TextViewSet,
    "images": formats.ImageViewSet,
    "templates": formats.TemplateViewSet,
    "ignorant": formats.IgnorantViewSet,
    "uploads": formats.UploadViewSet,
    "counted": formats.CountedViewSet,
    "link-header": formats.LinkHeaderViewSet,
    "stock-cursor": formats.StockCursorViewSet,
    "unpaged": formats.UnpagedViewSet,
    "validated": resources.ValidatedViewSet,
    "nested": resources.NestedViewSet,
    "representations": resources.RepresentationViewSet,
    "scores": resources.ScoreViewSet,
    "owned-by-default": resources.OwnedByDefaultViewSet,
    "bulk": resources.BulkViewSet,
    "own-create": resources.OwnCreateViewSet,
    "prefix-search": resources.PrefixSearchViewSet,
    "fields-filter": resources.FieldsFilterViewSet,
    "read-only": resources.ReadOnlyViewSet,
    "no-delete": resources.NoDeleteViewSet,
    "deferred": resources.DeferredViewSet,
    "cached": resources.CachedViewSet,
    "actions": resources.ActionsViewSet,
    "on-commit": resources.OnCommitViewSet,
}
for prefix, viewset in OTHERS.items():
    router.register(prefix, viewset, prefix)
router.register("groups", resources.GroupViewSet)

with_root = DefaultRouter(trailing_slash=False)
with_root.register("users", views.UserViewSet, "rooted")
versioned = OptionalSlashRouter()
versioned.register("users", policies.PathVersionedViewSet, "versioned")

urlpatterns = [
    *urlpatterns,
    path("", include(router.urls)),
    path("root/", include(with_root.urls)),
    re_path("^(?P<version>v[0-9])/", include(versioned.urls)),
    path("async/<int:pk>", functions.asynchronous),
    path("async-lines", functions.asynchronous_lines),
    path("lines", functions.lines),
    path("download", functions.download),
    path("old", functions.old_address),
    path("teapot", functions.teapot),
    path("cookies", functions.cookies),
    path("pages-of/<int:pk>", functions.UserPage.as_view()),
    path("echo", functions.echo, name="echo"),
    path("clock", functions.Clock.as_view()),
    path("starting/<str:initial>", functions.UserList.as_view()),
    re_path("^teams/(?P<team>[a-z]+)/", include((router.urls, "teams"))),
]
