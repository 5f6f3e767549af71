"""The site's applications, one folder each."""
