"""The shared foundation of the services: settings, server, health checks, security. It has no domain code."""
