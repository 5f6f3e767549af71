"""Tests of what every project gets, run inside a generated project by `Project.run_inside_tests`."""
