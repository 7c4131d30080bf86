"""Error responses as problems (RFC 9457), for the services and the gateway."""
