"""A copy of the order service with extensions: subclasses of its views, idempotency keys and the user client."""
