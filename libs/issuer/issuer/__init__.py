"""The development issuer of tokens and API keys, for a gateway with AUTH=true."""
