"""The home page, the health checks and what all pages share."""
