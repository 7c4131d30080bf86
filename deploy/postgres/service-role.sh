#!/bin/bash
# Gives the service its role, which owns its database and is no superuser, with the password of the secret. Runs when the
# server makes its files; run again, it sets the password that the secret has by then, and CONNECTION_LIMIT.
set -euo pipefail

# The superuser comes in through this container's own socket only, as the user postgres; the service with its password.
cat >"$PGDATA/pg_hba.conf" <<EOF
local all postgres peer
host $POSTGRES_DB $SERVICE_ROLE all scram-sha-256
EOF

psql --quiet --no-psqlrc --username postgres --dbname "$POSTGRES_DB" --set ON_ERROR_STOP=1 \
    --set role="$SERVICE_ROLE" --set database="$POSTGRES_DB" --set limit="$CONNECTION_LIMIT" <<'EOF'
\set password `cat /run/secrets/db_password`
SELECT format('CREATE ROLE %I LOGIN', :'role') WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'role') \gexec
ALTER ROLE :"role" PASSWORD :'password' CONNECTION LIMIT :limit;
ALTER DATABASE :"database" OWNER TO :"role";
SELECT pg_reload_conf() \g /dev/null
EOF
