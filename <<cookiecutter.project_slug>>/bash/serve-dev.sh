#!/bin/sh
# Development: bash/run-dev.sh calls this for Django's server, which restarts when code changes.
set -eu
cd "$(dirname "$0")/.."

bind=${WEB_HOST:-127.0.0.1}:${WEB_PORT:-8000}
debugger=127.0.0.1:${DEBUG_PORT:-5678}
if [ "$RUN_IN" = docker ]; then
  bind=0.0.0.0:8000
  debugger=0.0.0.0:5678
fi
sh bash/packages-dev.sh
case "${AUTO_START_SERVER:-true}" in
  [Ff]* | [Nn]* | [Oo]ff | OFF | 0)
    echo "AUTO_START_SERVER is off: waiting for commands, such as fab sh."
    exec tail -f /dev/null
    ;;
esac
python manage.py wait_and_migrate
# `fab debug` sets it. The debugger stays attached when the server restarts.
case "${DEBUGPY:-}" in
  "" | [Ff]* | [Nn]* | [Oo]ff | OFF | 0) ;;
  wait)
    echo "Waiting for an editor to attach at $debugger."
    set -- -Xfrozen_modules=off -m debugpy --listen "$debugger" --wait-for-client
    ;;
  *) set -- -Xfrozen_modules=off -m debugpy --listen "$debugger" ;;
esac
exec python "$@" manage.py runserver "$bind"
