#!/bin/sh
# Development: installs in the container what a changed poetry.lock asks for. bash/serve-dev.sh
# calls it<< ', and bash/worker-dev.sh' if cookiecutter.tasks == 'database' >>.
set -eu
cd "$(dirname "$0")/.."

# The image was built from the lock next to its packages.
if [ "${RUN_IN:-docker}" = docker ] && ! cmp -s poetry.lock "$VIRTUAL_ENV/poetry.lock"; then
  echo "poetry.lock has changed: installing."
  poetry sync --no-root --compile && cp poetry.lock "$VIRTUAL_ENV/" || echo "Going on with the packages of before." >&2
fi
