"""Authentication of requests: the gateway as a resource server (RFC 6750), while ``[auth]`` is enabled."""
