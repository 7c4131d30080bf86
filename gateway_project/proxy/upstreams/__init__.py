"""Upstreams: replicas, connections, ejection and probes."""
