"""Events between services: an outbox and its feed for producers, an inbox for consumers, and the worker of both."""
