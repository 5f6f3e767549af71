"""The home page, the health checks, and code that all pages share."""
