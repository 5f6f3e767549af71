#!/bin/sh
# Writes a database backup to backups/, prints its name, and deletes backups older than BACKUP_DAYS.
# Called by the timer site-backup@ and by `fab host.backup`.
set -eu
cd "$(dirname "$0")"
umask 077
if ! grep -qE "^DATABASE_URL='[^']*@db(:[0-9]*)?/site['?]" site.env; then
  echo "The database in site.env is not on this server, or its name is not site: back it up where it is." \
    "See docs/troubleshooting.md" >&2
  exit 1
fi
mkdir -p backups
name="backups/$(date --utc +%Y%m%dT%H%M%SZ).dump"
trap 'rm -f "$name.part"' EXIT

docker compose exec -T db pg_dump --username=site --format=custom site > "$name.part"
# Reading the file fails if it is truncated.
docker compose exec -T db pg_restore --file=/dev/null < "$name.part"
sync "$name.part"
mv "$name.part" "$name"

days=$(sed -n 's/^BACKUP_DAYS=//p' .env)
find backups -name '*.dump' -mtime "+${days:-14}" -delete
echo "$name"
