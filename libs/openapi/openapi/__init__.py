"""OpenAPI documents that state the problems of each operation."""
