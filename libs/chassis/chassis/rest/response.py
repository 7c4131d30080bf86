"""The answer of a view of the API."""

from rest_framework.response import Response


class PromptResponse(Response):
    """REST framework's response; Django's looks for the charset in the media type, and then in the settings, twice."""

    charset = "utf-8"
