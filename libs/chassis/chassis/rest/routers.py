"""How views get their addresses."""

from rest_framework import routers


class OptionalSlashRouter(routers.SimpleRouter):
    """Answers each address with and without a slash at its end; links are made without."""

    def __init__(self) -> None:
        super().__init__()
        self.trailing_slash = "/?"
