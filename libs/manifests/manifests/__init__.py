"""Checks of the Kubernetes manifests: schemas, policies, references, networks, and the compose model."""
