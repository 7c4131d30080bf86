"""Idempotent requests by the Idempotency-Key header, a draft of the IETF httpapi group."""
