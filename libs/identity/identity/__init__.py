"""The signed identity of a caller, which the gateway passes to the services, and the sign-in of administrators."""
