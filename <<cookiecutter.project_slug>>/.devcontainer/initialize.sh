#!/bin/sh
# Dev containers: runs on your machine before the container is made, so that .env says whose its files
# are. Without Fabric it writes the least; the first `fab` there adds the rest.
set -eu
cd "$(dirname "$0")/.."
if command -v fab >/dev/null; then
  RUN_IN=docker exec fab setup
fi
if ! grep -qs '^UID=' .env; then
  printf 'AUTO_START_SERVER=true\nRUN_IN=docker\nUID=%s\nGID=%s\n' "$(id -u)" "$(id -g)" >>.env
fi
