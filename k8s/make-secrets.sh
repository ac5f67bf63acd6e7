#!/bin/sh
# Prints the Secrets of the example, from the passwords that `sh examples/make-secrets.sh` made:
#
#     sh k8s/make-secrets.sh | kubectl apply -f -
#
# Users and rights of Valkey (passwords as SHA-256, as its ACL files have them), what workers get as files (its address, and
# the key that seals the marks of forgotten people), and what gateways do: secrets of sources, the key of pseudonyms, its address of Valkey, and who may read.
set -eu
cd "$(dirname "$0")/.."
for each in redis_password redis_reader_password redis_gateway_password id_key gateway_sources gateway_person_key \
    gateway_read_keys; do
    # Nothing would have a hash as well: that of the empty password.
    [ -s "secrets/$each" ] || { echo "secrets/$each is missing or empty: sh examples/make-secrets.sh makes it" >&2; exit 1; }
done
rights() { grep -v '^#' "examples/$1.acl" | tr '\n' ' '; }
hash_of() { tr -d '\n' < "secrets/$1" | sha256sum | cut -d ' ' -f 1; }
cat <<END
apiVersion: v1
kind: Secret
metadata:
  name: valkey-users
  namespace: campaign-pulse
type: Opaque
stringData:
  users.acl: |
    user default off
    user pulse on #$(hash_of redis_password) $(rights redis)
    user reader on #$(hash_of redis_reader_password) $(rights redis-reader)
    user gateway on #$(hash_of redis_gateway_password) $(rights redis-gateway)
---
apiVersion: v1
kind: Secret
metadata:
  name: campaign-pulse
  namespace: campaign-pulse
type: Opaque
stringData:
  id-key: $(tr -d '\n' < secrets/id_key)
  redis-url: redis://pulse:$(tr -d '\n' < secrets/redis_password)@valkey:6379/0
---
apiVersion: v1
kind: Secret
metadata:
  name: campaign-pulse-gateway
  namespace: campaign-pulse
type: Opaque
stringData:
  person-key: $(tr -d '\n' < secrets/gateway_person_key)
  redis-url: redis://gateway:$(tr -d '\n' < secrets/redis_gateway_password)@valkey:6379/0
  read-keys: |
$(sed 's/^/    /' secrets/gateway_read_keys)
  sources: |
$(sed 's/^/    /' secrets/gateway_sources)
END
