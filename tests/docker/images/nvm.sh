# shellcheck shell=bash
# A substitute for nvm if its site cannot be reached: the two commands that bash/node.sh uses.
nvm() {
  local wanted version name
  wanted=$(cat .nvmrc)
  if [ "$1" = install ]; then
    # As the real nvm does, in nvm_get_mirror.
    if ! [[ $NVM_NODEJS_ORG_MIRROR =~ ^https?://[a-zA-Z0-9./_-]+$ ]]; then
      echo "\$NVM_NODEJS_ORG_MIRROR and \$NVM_IOJS_ORG_MIRROR may only contain a URL" >&2
      return 2
    fi
    version=$(curl -fsS "$NVM_NODEJS_ORG_MIRROR/index.tab" | grep -o "^v$wanted\.[0-9.]*" | head -n 1)
    name=node-$version-linux-$([ "$(uname -m)" = aarch64 ] && echo arm64 || echo x64)
    mkdir -p "$NVM_DIR/versions/node/$version"
    curl -fsS "$NVM_NODEJS_ORG_MIRROR/$version/$name.tar.gz" |
      tar -xz --strip-components=1 -C "$NVM_DIR/versions/node/$version"
  else
    version=$(find "$NVM_DIR/versions/node" -maxdepth 1 -name "v$wanted.*" -printf "%f" -quit 2>/dev/null)
  fi
  [ -n "$version" ] || return 3
  export PATH="$NVM_DIR/versions/node/$version/bin:$PATH"
}
