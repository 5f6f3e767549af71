"""Tests of every project, which `Project.run_inside_tests` runs inside a generated project."""
