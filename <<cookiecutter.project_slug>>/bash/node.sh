#!/usr/bin/env bash
# Development: runs a command with the Node of .nvmrc; in the container it installs nvm and Node where
# they are missing. bash/run-dev.sh and the tasks that need npm call it: bash bash/node.sh npm test
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
[[ ${RUN_IN:-docker} == docker ]] || exec "$@"
url=${NVM_URL:-https://raw.githubusercontent.com/nvm-sh/nvm/v0.40.6/nvm.sh}
sha256=${NVM_SHA256:-baad94563757afa5147950e3dfa272f06b6307e1a7d92c553f8438959b5165fe}

# Docker makes a missing ~/.nvm, owned by root; and a Node of another platform must stay alone.
export NVM_DIR="$HOME/.nvm"
[[ -w $NVM_DIR ]] || NVM_DIR="$HOME/.local/share/nvm"
for node in "$NVM_DIR"/versions/node/*/bin/node; do
  if [[ -e $node ]] && ! "$node" --version &>/dev/null; then NVM_DIR+="/linux-$(uname -m)" && break; fi
done
mkdir -p "$NVM_DIR" && exec 9>"$NVM_DIR/.lock" && flock 9 # one installs, the others wait
if [[ ! -s $NVM_DIR/nvm.sh ]]; then
  curl -fsSL --retry 2 --output "$NVM_DIR/nvm.sh.new" "$url"
  echo "$sha256  $NVM_DIR/nvm.sh.new" | sha256sum --check --quiet
  mv "$NVM_DIR/nvm.sh.new" "$NVM_DIR/nvm.sh"
fi
# shellcheck source=/dev/null
. "$NVM_DIR/nvm.sh" --no-use
nvm use --silent || nvm install
ln -sfn "$(dirname "$(dirname "$(command -v node)")")" "$HOME/.local/node" && exec 9>&- "$@"
