"""Tests in a browser, against the running site: fab test --browser."""
