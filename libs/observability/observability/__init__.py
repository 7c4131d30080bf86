"""Request ids, logs, metrics and traces, of the services and of the gateway."""
