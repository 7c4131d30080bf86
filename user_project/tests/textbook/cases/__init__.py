"""Cases: documented behaviour of Django, REST framework and django-filter."""

from tests.textbook.cases import filtering, formats, functions, policies, resources, serializers

CASES = [
    *filtering.CASES,
    *serializers.CASES,
    *resources.CASES,
    *policies.CASES,
    *formats.CASES,
    *functions.CASES,
]
