"""Descriptions of the projects (``service.toml``), the files generated from them, and new services."""
