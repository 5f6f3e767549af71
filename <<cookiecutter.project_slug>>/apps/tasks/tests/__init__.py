"""Tests of the background tasks."""
