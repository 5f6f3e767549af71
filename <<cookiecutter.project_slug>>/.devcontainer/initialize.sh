#!/bin/sh
# Dev containers: runs on your machine before the container is created, so that .env has your UID and GID.
# Without Fabric, it writes only the minimum; the first `fab` command adds the rest.
set -eu
cd "$(dirname "$0")/.."
if command -v fab >/dev/null; then
  RUN_IN=docker exec fab setup
fi
if ! grep -qs '^UID=' .env; then
  printf 'AUTO_START_SERVER=true\nRUN_IN=docker\nUID=%s\nGID=%s\n' "$(id -u)" "$(id -g)" >>.env
fi
