"""List endpoints for large tables: filters, search, ordering, keyset pagination and limits."""
