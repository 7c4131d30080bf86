"""Orders of products by users."""
