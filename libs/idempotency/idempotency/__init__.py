"""Requests that can be repeated without being done twice: the Idempotency-Key draft of the IETF httpapi group."""
