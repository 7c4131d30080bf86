"""The table of cases: what the documentation of Django, REST framework and django-filter promises."""

from tests.textbook.cases import filtering, formats, functions, policies, resources, serializers

CASES = [
    *filtering.CASES,
    *serializers.CASES,
    *resources.CASES,
    *policies.CASES,
    *formats.CASES,
    *functions.CASES,
]
