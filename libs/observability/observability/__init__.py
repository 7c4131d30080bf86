"""Request ids, logs, metrics and traces for the services and the gateway."""
