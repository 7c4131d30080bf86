"""The portal: pages of the gateway for people, and the API's one document."""
