"""The producer side: triggers write events in the writer's transaction, and a feed numbers and serves them."""
