"""The renderer of the browsable API."""

from typing import Any

from django.conf import settings
from rest_framework import renderers

from problems.types import PROBLEM_JSON


class BrowsableAPIRenderer(renderers.BrowsableAPIRenderer):
    """REST framework's renderer, with buttons for actions that only accept POST, as links to them return 405."""

    def get_context(self, data: Any, accepted_media_type: str | None, renderer_context: Any) -> dict[str, Any]:
        """Return the context of the template ``rest_framework/api.html``."""
        context: dict[str, Any] = super().get_context(data, accepted_media_type, renderer_context)
        actions = context["extra_actions"] = dict(context["extra_actions"] or {})
        posted = _posted_actions(context["view"])
        context["post_actions"] = {name: actions.pop(name) for name in list(actions) if name in posted}
        context["service"] = settings.SERVICE_NAME
        if context["response"].exception:
            context["response_headers"]["Content-Type"] = PROBLEM_JSON  # as in JSON responses
        return context


def _posted_actions(view: Any) -> set[str]:
    actions = view.get_extra_actions() if hasattr(view, "get_extra_actions") else []
    return {type(view)(**action.kwargs).get_view_name() for action in actions if set(action.mapping) == {"post"}}
