#!/bin/sh
# Development: `fab worker` and the compose service worker start this. Runs background tasks, and
# restarts when the code has changed.
set -eu
cd "$(dirname "$0")/.."
sh bash/packages-dev.sh

stop=
trap 'stop=true; kill "$worker"' TERM INT
while [ -z "$stop" ]; do
  python manage.py worker --reload &
  worker=$!
  # A signal ends the first wait, while the running task may still finish.
  wait "$worker" && code=0 || code=$?
  [ -z "$stop" ] || wait "$worker" || :
  [ -n "$stop" ] || [ "$code" = 0 ] || { echo "The worker ended; starting it again in 2 s." >&2 && sleep 2; }
done
