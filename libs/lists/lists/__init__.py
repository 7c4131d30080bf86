"""Lists that stay cheap and safe at a million rows: filters, search, ordering, pages and their limits."""
