"""The servers behind the gateway: connections to them, and what is known of their health."""
