#!/bin/sh
# Development: docker-compose.yml starts this in the container, `fab start` on the host (RUN_IN=host).
set -eu
cd "$(dirname "$0")/.."
export RUN_IN="${RUN_IN:-docker}"
if [ ! -w . ]; then
  compose="env UID=$(stat -c %u .) GID=$(stat -c %g .) docker compose up --build"
  echo "UID $(id -u) cannot write to the project's folder. Type: fab build && fab start, or: $compose. See docs/troubleshooting.md" >&2 && exit 1
fi

# All processes started below end with this script; `wait` handles signals immediately.
trap 'trap "" TERM; kill 0; exit 0' TERM INT

# Restarts a program that ends, so that its errors do not stop the other program or the container.
supervise() {
  name=$1
  shift
  while :; do
    "$@" || :
    echo "$name ended; starting it again in 2 s." >&2
    sleep 2
  done
}

# `npm install` is quick when there is nothing to do, and replaces packages of another platform.
supervise "The asset watcher" bash bash/node.sh sh -c "npm install --include=dev && exec npm run watch" &
supervise "The server" sh bash/serve-dev.sh &
wait
