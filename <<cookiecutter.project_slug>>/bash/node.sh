#!/usr/bin/env bash
# Development: runs a command with the Node of .nvmrc, as in: bash bash/node.sh npm test
# In the container, it installs nvm and Node if they are missing, or uses the image's Node.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
[[ ${RUN_IN:-docker} == docker ]] || exec "$@"
url=${NVM_URL:-https://raw.githubusercontent.com/nvm-sh/nvm/v0.40.6/nvm.sh}
sha256=${NVM_SHA256:-baad94563757afa5147950e3dfa272f06b6307e1a7d92c553f8438959b5165fe}

# Docker creates a missing ~/.nvm as root, and the Node of another platform must not be changed.
export NVM_DIR="$HOME/.nvm"
[[ -w $NVM_DIR ]] || NVM_DIR="$HOME/.local/share/nvm"
for node in "$NVM_DIR"/versions/node/*/bin/node; do
  if [[ -e $node ]] && ! "$node" --version &>/dev/null; then NVM_DIR+="/linux-$(uname -m)" && break; fi
done
mkdir -p "$NVM_DIR" && exec 9>"$NVM_DIR/.lock" && flock 9 # one installs, the others wait
if [[ ! -s $NVM_DIR/nvm.sh ]] && curl -fsSL --connect-timeout 10 --retry 2 --output "$NVM_DIR/nvm.sh.new" "$url"; then
  echo "$sha256  $NVM_DIR/nvm.sh.new" | sha256sum --check --quiet && mv "$NVM_DIR/nvm.sh.new" "$NVM_DIR/nvm.sh"
fi
# shellcheck source=/dev/null
if [[ -s $NVM_DIR/nvm.sh ]] && . "$NVM_DIR/nvm.sh" --no-use && { nvm use --silent || nvm install; }; then
  node=$(dirname "$(dirname "$(command -v node)")")
else
  node=/opt/node
  echo "nvm or its Node could not be installed (docs/troubleshooting.md): using the image's Node, $("$node/bin/node" --version)." >&2
fi
ln -sfn "$node" "$HOME/.local/node" && exec 9>&- "$@"
