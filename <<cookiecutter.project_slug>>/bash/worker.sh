#!/bin/sh
# Production: the image's other command. Runs background tasks, see docs/tasks.md.
set -eu
cd "$(dirname "$0")/.."

# The site's port, so that the image's health check works here too.
exec python manage.py worker --health-port "${PORT:-8000}"
