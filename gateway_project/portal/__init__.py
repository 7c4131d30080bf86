"""The portal: status and documentation pages, and the merged OpenAPI document."""
