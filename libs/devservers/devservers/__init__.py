"""Child processes, free ports, a private PostgreSQL and PgBouncer for development, tests and benchmarks."""
