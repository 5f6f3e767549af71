#!/bin/sh
# Writes a backup of the database to backups/, and prints its name; those older than BACKUP_DAYS go.
# The timer site-backup@ calls it, and `fab host.backup`.
set -eu
cd "$(dirname "$0")"
umask 077
if ! grep -qE "^DATABASE_URL='[^']*@db(:[0-9]*)?/site['?]" site.env; then
  echo "The database in site.env is not on this server, or its name is not site: back it up where it is." >&2
  exit 1
fi
mkdir -p backups
name="backups/$(date --utc +%Y%m%dT%H%M%SZ).dump"
trap 'rm -f "$name.part"' EXIT

docker compose exec -T db pg_dump --username=site --format=custom site > "$name.part"
# A file that was cut off has no readable list of contents, or not all of them.
docker compose exec -T db pg_restore --file=/dev/null < "$name.part"
sync "$name.part"
mv "$name.part" "$name"

days=$(sed -n 's/^BACKUP_DAYS=//p' .env)
find backups -name '*.dump' -mtime "+${days:-14}" -delete
echo "$name"
