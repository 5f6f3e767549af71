#!/bin/sh
# Development: installs the packages of a changed poetry.lock in the container. bash/serve-dev.sh
# calls it<< ', and bash/worker-dev.sh' if cookiecutter.tasks == 'database' >>.
set -eu
cd "$(dirname "$0")/.."

# The image was built from the lock next to its packages.
if [ "${RUN_IN:-docker}" = docker ] && ! cmp -s poetry.lock "$VIRTUAL_ENV/poetry.lock"; then
  echo "poetry.lock has changed: installing."
  poetry sync --no-root --compile && cp poetry.lock "$VIRTUAL_ENV/" || echo "Continuing with the packages already installed." >&2
fi
