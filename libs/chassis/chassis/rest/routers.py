"""The router of the services' APIs."""

from rest_framework import routers


class OptionalSlashRouter(routers.SimpleRouter):
    """Accepts URLs with and without a trailing slash; links are generated without."""

    def __init__(self) -> None:
        super().__init__()
        self.trailing_slash = "/?"
