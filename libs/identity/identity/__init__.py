"""Who is calling: the signed identity that the gateway passes to the services."""
