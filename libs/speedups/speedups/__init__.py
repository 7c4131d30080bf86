"""Everything that exists for speed alone. Services use it by name in their settings, and work without it."""
