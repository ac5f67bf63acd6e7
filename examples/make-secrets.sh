#!/bin/sh
# Makes secrets/ with a password in each file, for docker-compose.yml and docker-compose.login.yml. What is there already
# stays: to change a password, remove its file (with redis_password also redis_url, with redis_gateway_password also
# gateway_redis_url), run this again, and `docker compose up --detach --force-recreate`. Grafana keeps its administrator's
# password in its database. Never change id_key: marks of forgotten people that were sealed with it would not hold any more
# (docs/privacy.md).
#
# The directory is for its owner alone. The files in it are readable: containers get them one by one, as they are, and
# run as users that do not exist on this host.
set -eu
cd "$(dirname "$0")/.."
umask 077
mkdir -p secrets
chmod 700 secrets
make() { # NAME VALUE
    if [ -e "secrets/$1" ]; then
        echo "secrets/$1 is there already"
    else
        # No line end: Kafka would take it for a part of the password.
        printf '%s' "$2" > "secrets/$1"
        chmod 444 "secrets/$1"
        echo "secrets/$1 written"
    fi
}
random() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }
for name in id_key redis_password redis_reader_password redis_gateway_password grafana_admin_password gateway_person_key \
    kafka_worker_password kafka_gateway_password kafka_producer_password; do
    make "$name" "$(random)"
done
make redis_url "redis://pulse:$(cat secrets/redis_password)@redis:6379/0"
make gateway_redis_url "redis://gateway:$(cat secrets/redis_gateway_password)@redis:6379/0"
# Nobody reads before you add a line for him; it is read again within seconds: docs/live.md.
make gateway_read_keys "# Lines that \`gateway read-key\` prints: NAME=HASH SCOPE..."
# A source for every tool that signs as Standard Webhooks says. Add a line for each of yours: docs/sources.md.
make gateway_sources "standard-main=whsec_$(od -An -v -N24 -tx1 /dev/urandom | tr -d ' \n')"
