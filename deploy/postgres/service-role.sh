#!/bin/bash
# Creates the service's role, which owns its database and is not a superuser. Runs when the database cluster is created. To
# apply a new password or CONNECTION_LIMIT, run it again.
set -euo pipefail

# The superuser connects only through this container's socket, as the user postgres. The service connects with its password.
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
