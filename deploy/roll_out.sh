#!/usr/bin/env bash
# Replaces the containers of a service by new ones while it goes on serving: deploy/roll_out.sh user
#
# As many new ones are started beside the old ones, of the image and the settings that hold now. Once they are ready, the
# old ones end what they are doing and go. Where the new ones do not become ready, the old ones stay.
set -euo pipefail

service=$1
numbers=$(docker compose ps --quiet "$service")
[[ -n $numbers ]] || { echo "Nothing of $service runs: docker compose up --detach" >&2; exit 1; }
mapfile -t old <<<"$numbers"
docker compose up --detach --no-deps --no-recreate --wait --wait-timeout 120 --scale "$service=$((2 * ${#old[@]}))" "$service"
for container in "${old[@]}"; do
    docker stop "$container"
    docker rm "$container"
done
