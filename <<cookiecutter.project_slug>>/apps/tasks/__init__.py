"""Background tasks: what a task may declare, and the worker that runs them. See docs/tasks.md."""
