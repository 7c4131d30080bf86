"""Errors as problems (RFC 9457), of the services and of the gateway."""
