"""The producer's side: triggers write events in the writer's transaction, readers number them, a feed serves them."""
