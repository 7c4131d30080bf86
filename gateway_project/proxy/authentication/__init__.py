"""Authentication: with ``[auth]`` enabled, the gateway is a resource server (RFC 6750)."""
