#!/bin/sh
# Production: the image's other command. Runs background tasks, see docs/tasks.md.
set -eu
cd "$(dirname "$0")/.."

# Port 8000, so that the image's health check holds here as well.
exec python manage.py worker --health-port 8000
