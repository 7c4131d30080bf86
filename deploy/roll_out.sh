#!/usr/bin/env bash
# Replaces the containers of a service without downtime: deploy/roll_out.sh user
#
# Starts as many new containers as there are old ones, with the current image and settings. Once the new containers are
# healthy, the old ones are stopped and removed. If the new ones do not become healthy, the old ones keep running.
set -euo pipefail

service=$1
numbers=$(docker compose ps --quiet "$service")
[[ -n $numbers ]] || { echo "No container of $service is running; run: docker compose up --detach" >&2; exit 1; }
mapfile -t old <<<"$numbers"
if [[ -n $(docker port "${old[0]}") ]]; then
    echo "Two containers of $service cannot publish the same port; this replaces it, with an interruption:" >&2
    echo "docker compose up --detach --no-deps --force-recreate --wait $service" >&2
    exit 1
fi
docker compose up --detach --no-deps --no-recreate --wait --wait-timeout 120 --scale "$service=$((2 * ${#old[@]}))" "$service"
for container in "${old[@]}"; do
    docker stop "$container"
    docker rm "$container"
done
