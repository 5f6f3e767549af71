"""Background tasks: their options, and the worker that runs them. See docs/tasks.md."""
