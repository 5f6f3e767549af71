"""Tests of the whole site; an app's own are in the app."""
