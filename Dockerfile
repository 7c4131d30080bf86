# The images of the system. The target `service` builds any of the projects: SERVICE is its name, PORT its port. The
# targets secrets, database and tls build the other images (docker-compose.yml, docker-compose.production.yml).
#
#     docker build --target service --build-arg SERVICE=user --build-arg PORT=8000 --tag microservices-user:1.0 .

# The tags follow security updates. Pin the digests for a repeatable build:
# --build-arg PYTHON_IMAGE=python:3.13-slim@sha256:...
ARG PYTHON_IMAGE=python:3.13-slim
ARG POSTGRES_IMAGE=postgres:18
ARG DEBIAN_IMAGE=debian:trixie-slim


# The lock file, and the uv version that it pins.
FROM ${PYTHON_IMAGE} AS build
WORKDIR /build
COPY manage_all.py uv.lock ./
RUN --mount=type=cache,target=/root/.cache \
    python -c "import manage_all, pathlib; manage_all.install_uv(pathlib.Path('/usr/local/bin'))"
COPY pyproject.toml ./
ENV UV_PYTHON=/usr/local/bin/python UV_PYTHON_DOWNLOADS=never UV_SYSTEM_CERTS=1 UV_FROZEN=1 UV_NO_DEV=1 \
    UV_NO_EDITABLE=1 UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1 PYC_INVALIDATION_MODE=UNCHECKED_HASH
# TRACING=1 adds OpenTelemetry's packages, which OTEL_TRACES_EXPORTER needs.
ARG TRACING=0

# A build has two environments, which become two layers of the image: third-party packages, wheels only because there
# is no compiler; and the workspace's members, which change more often.

FROM build AS build-service
ARG SERVICE
RUN --mount=type=cache,target=/root/.cache \
    if [ "$TRACING" = 1 ]; then set -- --extra=tracing; fi; \
    UV_PROJECT_ENVIRONMENT=/venv uv sync --package="$SERVICE-project" --no-install-workspace --no-build "$@"
COPY libs libs
COPY ${SERVICE}_project ${SERVICE}_project
RUN --mount=type=cache,target=/root/.cache \
    UV_PROJECT_ENVIRONMENT=/members uv sync --package="$SERVICE-project" --only-install-workspace --offline


# The base of the services: Python without pip, and a user. The root file system may be read-only: the heartbeat files
# of gunicorn's workers are in /dev/shm. /tmp must be writable (large uploads, metrics).
FROM ${PYTHON_IMAGE} AS runtime
RUN find /usr -name 'pip*' '(' -path '*/bin/*' -o -path '*-packages/*' -o -path '*/ensurepip/*' ')' -prune -exec rm -rf '{}' + \
 && groupadd --gid 10001 app \
 && useradd --uid 10001 --gid app --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin app
COPY --chmod=0644 deploy/healthcheck.py /app/healthcheck.py
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    GUNICORN_CMD_ARGS="--worker-tmp-dir /dev/shm"
# Liveness: an orchestrator that restarts unhealthy containers must not do so while a database is down.
# docker-compose.yml restarts none and checks /health/ready instead.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["python", "/app/healthcheck.py", "/health/live"]
ARG VERSION=unknown REVISION=unknown
LABEL org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.base.name="docker.io/library/python:3.13-slim" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"


FROM runtime AS service
ARG SERVICE PORT
LABEL org.opencontainers.image.title="${SERVICE} service" \
      org.opencontainers.image.description="The Django project ${SERVICE}_project"
COPY --from=build-service /venv /venv
WORKDIR /app/${SERVICE}_project
# Only the gateway has the last file. COPY accepts a pattern without a match.
COPY --chmod=0644 ${SERVICE}_project/manage.py ${SERVICE}_project/gunicorn.conf.py ${SERVICE}_project/gateway.tom[l] ./
COPY --from=build-service /members/lib /venv/lib
ENV BIND=0.0.0.0:${PORT} GATEWAY_CONFIG=/app/gateway_project/gateway.toml
EXPOSE ${PORT}
USER 10001:10001
# gunicorn.conf.py names the application.
CMD ["gunicorn"]


# Without the version as a label: the databases depend on this image, and compose would recreate them with it.
FROM ${PYTHON_IMAGE} AS secrets
LABEL org.opencontainers.image.title="Secrets" \
      org.opencontainers.image.description="Writes the secret files of each service and exits" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.base.name="docker.io/library/python:3.13-slim"
COPY --chmod=0644 deploy/provide_secrets.py /provide_secrets.py
ENTRYPOINT ["python", "/provide_secrets.py"]


FROM ${POSTGRES_IMAGE} AS database
LABEL org.opencontainers.image.title="Database" \
      org.opencontainers.image.description="PostgreSQL with the role of one service" \
      org.opencontainers.image.licenses="PostgreSQL AND MIT" \
      org.opencontainers.image.base.name="docker.io/library/postgres:18"
# The folder of the server's socket. A tmpfs inherits its mode from the folder that it covers.
RUN chmod 3777 /run/postgresql
COPY --chmod=0755 deploy/postgres/service-role.sh /docker-entrypoint-initdb.d/service-role.sh
# The base image's user. A numeric id is needed only on Kubernetes, where this image is not used.
# hadolint ignore=DL3066
USER postgres


FROM ${DEBIAN_IMAGE} AS tls
LABEL org.opencontainers.image.title="TLS" \
      org.opencontainers.image.description="HAProxy, which terminates TLS in front of the gateway" \
      org.opencontainers.image.licenses="GPL-2.0-or-later AND MIT" \
      org.opencontainers.image.base.name="docker.io/library/debian:trixie-slim"
# Not pinned, because the distribution removes superseded versions.
# hadolint ignore=DL3008
RUN apt-get update -qq \
 && apt-get install -y -qq --no-install-recommends haproxy \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/archives/*
COPY --chmod=0644 deploy/tls/haproxy.cfg /etc/haproxy/haproxy.cfg
EXPOSE 8080 8443
USER 10001:10001
# Stops after open connections have ended.
STOPSIGNAL SIGUSR1
HEALTHCHECK --interval=10s --timeout=5s CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8443"]
CMD ["haproxy", "-W", "-db", "-f", "/etc/haproxy/haproxy.cfg"]
