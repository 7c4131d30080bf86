"""The development issuer: tokens and API keys for a gateway with AUTH=true."""
