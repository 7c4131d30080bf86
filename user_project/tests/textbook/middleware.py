"""Middleware that takes an argument of the address for itself."""


class TeamMiddleware:
    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_view(self, request, view, arguments, keywords):
        request.team = keywords.pop("team", "none")
