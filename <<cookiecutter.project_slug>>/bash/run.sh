#!/bin/sh
# Production: the image's command. Migrates, then serves.
set -eu
cd "$(dirname "$0")/.."
[ -z "${SCRIPT_NAME:-}" ] ||
  { echo "SCRIPT_NAME is set, but the site can only run at a host's root: unset it, and see docs/troubleshooting.md" >&2 && exit 1; }

# Waits for the database; of containers started together, one migrates and the others wait.
case "${RUN_MIGRATIONS:-true}" in
  [Ff]* | [Nn]* | [Oo]ff | OFF | 0) ;;
  *)
    python manage.py wait_and_migrate &
    # The first process of a container receives only signals that it handles.
    trap 'kill "$!"' TERM INT
    wait "$!"
    trap - TERM INT
    ;;
esac

exec gunicorn --config config/gunicorn.py config.wsgi
