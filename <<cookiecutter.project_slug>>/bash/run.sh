#!/bin/sh
# Production: the image's command. Migrates, then serves.
set -eu
cd "$(dirname "$0")/.."

# Waits for the database; of containers started at once one migrates, and the others wait for it.
case "${RUN_MIGRATIONS:-true}" in
  [Ff]* | [Nn]* | [Oo]ff | OFF | 0) ;;
  *)
    python manage.py wait_and_migrate &
    # The first process of a container gets a signal only if it asks for it.
    trap 'kill "$!"' TERM INT
    wait "$!"
    trap - TERM INT
    ;;
esac

exec gunicorn --config config/gunicorn.py config.wsgi
