#!/bin/sh
# Sets up a new Debian or Ubuntu server for the site; it is idempotent.
# `fab host.setup` copies this folder to the server and runs as root: sh setup.sh PROJECT SSH_PORT DOMAINS
set -eu
cd "$(dirname "$0")"
project=$1
ssh_port=$2
domains=$3
folder=/srv/$project
export DEBIAN_FRONTEND=noninteractive

step() { echo "== $*"; }

# Install a file; return 1 if it has not changed.
changed() {
  cmp --silent "$1" "$2" && return 1
  install -D --mode=644 "$1" "$2"
}

# Print 48 random hexadecimal digits.
random() { head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n'; }

# shellcheck source=/dev/null
. /etc/os-release
case "$ID" in
  debian | ubuntu) ;;
  *)
    echo "This needs Debian 13 or Ubuntu 24.04, or newer; the server runs ${PRETTY_NAME:-$ID}." >&2
    exit 1
    ;;
esac
if ! test -f "$folder/.env" && ss -Hltn '( sport = :80 or sport = :443 )' | grep -q .; then
  echo "Another site or program uses port 80 or 443 of this server: see docs/troubleshooting.md" >&2
  exit 1
fi

step "Packages"
apt-get update -qq
packages="nftables unattended-upgrades"
if ! docker compose version > /dev/null 2>&1; then
  packages="$packages docker.io"
  # Debian and Ubuntu split Docker into different packages.
  for package in docker-cli docker-compose-v2 docker-compose; do
    apt-cache show "$package" > /dev/null 2>&1 || continue
    packages="$packages $package"
    test "$package" != docker-compose-v2 || break
  done
fi
# shellcheck disable=SC2086
apt-get install --yes -qq --no-install-recommends $packages > /dev/null

step "Docker"
# Containers keep running while Docker is upgraded.
test -f /etc/docker/daemon.json || echo '{"live-restore": true}' > daemon.json
if test -f daemon.json && changed daemon.json /etc/docker/daemon.json; then
  systemctl restart docker
fi
systemctl enable --quiet --now docker

step "Firewall: ssh ($ssh_port), 80 and 443"
sed "s/@SSH_PORT@/$ssh_port/" firewall.nft > firewall
nft --check --file firewall
if changed site-firewall.service /etc/systemd/system/site-firewall.service; then
  systemctl daemon-reload
fi
changed firewall /etc/site-firewall.nft || true
systemctl enable --quiet site-firewall
systemctl reload-or-restart site-firewall

step "Daily security updates"
printf 'APT::Periodic::%s "1";\n' Update-Package-Lists Unattended-Upgrade > upgrades
changed upgrades /etc/apt/apt.conf.d/20auto-upgrades || true

step "User deploy"
getent passwd deploy > /dev/null || useradd --create-home --shell /bin/bash deploy
usermod --append --groups docker deploy
keys=$(getent passwd "${SUDO_USER:-root}" | cut -d: -f6)/.ssh/authorized_keys
install -d --owner=deploy --group=deploy --mode=700 /home/deploy/.ssh
touch /home/deploy/.ssh/authorized_keys
if test -f "$keys"; then
  sort -u "$keys" /home/deploy/.ssh/authorized_keys > merged
  cat merged > /home/deploy/.ssh/authorized_keys
fi
chown deploy:deploy /home/deploy/.ssh/authorized_keys
chmod 600 /home/deploy/.ssh/authorized_keys

memory=$(awk '/^MemTotal/ {print int($2 / 1024)}' /proc/meminfo)
if test "$memory" -lt 2500 && test "$(wc -l < /proc/swaps)" -lt 2; then
  step "Swap, since the server has only $memory MB of memory"
  test -f /swapfile || fallocate --length 2G /swapfile
  chmod 600 /swapfile
  mkswap --quiet /swapfile
  swapon /swapfile
  grep -q '^/swapfile ' /etc/fstab || echo '/swapfile none swap sw 0 0' >> /etc/fstab
fi

step "Folder $folder"
install -d --owner=deploy --group=deploy --mode=750 "$folder"
install -d --owner=deploy --group=deploy --mode=755 "$folder/caddy"
umask 077
if ! test -f "$folder/.env"; then
  password=$(random)
  printf '%s\n' "COMPOSE_PROJECT_NAME=$project" "POSTGRES_PASSWORD=$password" "BACKUP_DAYS=14" \
    "SITE_HOSTS=" "SITE_TLS=" > server.env
  printf "%s='%s'\n" SECRET_KEY "$(random)$(random)" TRUST_PROXY true << 'TASKS database ' if cookiecutter.tasks == 'database' else '' >>ALLOWED_HOSTS "" \
    DATABASE_URL "postgres://site:$password@db:5432/site" > site.env
  install --owner=deploy --group=deploy --mode=600 site.env "$folder/site.env"
  install --owner=deploy --group=deploy --mode=600 server.env "$folder/.env"
fi
if test -n "$domains"; then
  sed -i "s/^SITE_HOSTS=.*/SITE_HOSTS=$(echo "$domains" | sed 's/,/, /g')/" "$folder/.env"
  sed -i "s/^ALLOWED_HOSTS=.*/ALLOWED_HOSTS='$domains'/" "$folder/site.env"
  chown deploy:deploy "$folder/.env" "$folder/site.env"
fi

step "Nightly backup"
units=unchanged
for unit in site-backup@.service site-backup@.timer; do
  if changed "$unit" "/etc/systemd/system/$unit"; then units=changed; fi
done
test "$units" = unchanged || systemctl daemon-reload
systemctl enable --quiet --now "site-backup@$project.timer"
