"""Sign-in: tokens, keyrings, the gateway's connections, and the client that uses them."""
