"""Settings of property-based tests: ``HYPOTHESIS_PROFILE`` selects the number of examples.

Use ``@generated`` above ``@given``, or derive settings: ``settings(generated, derandomize=True)``.
"""

import os

from hypothesis import settings

settings.register_profile("quick", max_examples=100, deadline=None)
settings.register_profile("thorough", max_examples=1000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))

generated = settings.get_profile(settings.get_current_profile_name())
