# The images of the system, a target each: user, order, gateway; secrets, database and tls are what
# docker-compose.yml and docker-compose.production.yml need beside them.
#
#     docker build --target user --tag microservices-user:1.0 .

# The tags follow security updates. Where a build must be repeatable, give them with their digests:
# --build-arg PYTHON_IMAGE=python:3.13-slim@sha256:...
ARG PYTHON_IMAGE=python:3.13-slim
ARG POSTGRES_IMAGE=postgres:18
ARG DEBIAN_IMAGE=debian:trixie-slim


FROM ${PYTHON_IMAGE} AS build
# Wheels only, so no compiler is needed; every file must have a hash of requirements.txt.
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore PIP_ONLY_BINARY=:all: PIP_REQUIRE_HASHES=1
RUN python -m venv --without-pip /venv
# OpenTelemetry's packages, which OTEL_TRACES_EXPORTER needs, only with --build-arg TRACING=1.
ARG TRACING=0
COPY requirements-tracing.txt /requirements-tracing.txt
RUN [ "$TRACING" = 1 ] || truncate --size 0 /requirements-tracing.txt

FROM build AS build-user
COPY user_project/requirements.txt /requirements.txt
RUN --mount=type=cache,target=/root/.cache/pip pip --python /venv/bin/python install \
    --requirement /requirements.txt --requirement /requirements-tracing.txt
COPY chassis /app/chassis
COPY user_project /app/user_project
RUN python -m compileall -q --invalidation-mode unchecked-hash /app

FROM build AS build-order
COPY order_project/requirements.txt /requirements.txt
RUN --mount=type=cache,target=/root/.cache/pip pip --python /venv/bin/python install \
    --requirement /requirements.txt --requirement /requirements-tracing.txt
COPY chassis /app/chassis
COPY order_project /app/order_project
RUN python -m compileall -q --invalidation-mode unchecked-hash /app

FROM build AS build-gateway
COPY gateway_project/requirements.txt /requirements.txt
RUN --mount=type=cache,target=/root/.cache/pip pip --python /venv/bin/python install \
    --requirement /requirements.txt --requirement /requirements-tracing.txt
COPY chassis /app/chassis
COPY gateway_project /app/gateway_project
RUN python -m compileall -q --invalidation-mode unchecked-hash /app


# What the services share: nothing but Python, a user and where things are. The root file system may be read-only:
# gunicorn's workers show that they live in /dev/shm; /tmp must be writable (large uploads, metrics).
FROM ${PYTHON_IMAGE} AS service
RUN groupadd --gid 10001 app \
 && useradd --uid 10001 --gid app --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin app
COPY --chmod=0644 deploy/healthcheck.py /app/healthcheck.py
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    GUNICORN_CMD_ARGS="--worker-tmp-dir /dev/shm"
# Whether the process serves. An orchestrator that restarts what is unhealthy must not do so because a database is
# down; docker-compose.yml, which does not, asks for /health/ready instead.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["python", "/app/healthcheck.py", "/health/live"]


FROM service AS user
ARG VERSION=unknown REVISION=unknown
LABEL org.opencontainers.image.title="User service" \
      org.opencontainers.image.description="Who may order: a Django REST service" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.base.name="docker.io/library/python:3.13-slim" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build-user /venv /venv
COPY --from=build-user /app /app
WORKDIR /app/user_project
ENV BIND=0.0.0.0:8000
EXPOSE 8000
USER 10001:10001
CMD ["gunicorn", "user_project.wsgi"]


FROM service AS order
ARG VERSION=unknown REVISION=unknown
LABEL org.opencontainers.image.title="Order service" \
      org.opencontainers.image.description="What was ordered by whom: a Django REST service" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.base.name="docker.io/library/python:3.13-slim" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build-order /venv /venv
COPY --from=build-order /app /app
WORKDIR /app/order_project
ENV BIND=0.0.0.0:3000
EXPOSE 3000
USER 10001:10001
CMD ["gunicorn", "order_project.wsgi"]


FROM service AS gateway
ARG VERSION=unknown REVISION=unknown
LABEL org.opencontainers.image.title="Gateway" \
      org.opencontainers.image.description="The one way in to the services: a reverse proxy in Django" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.base.name="docker.io/library/python:3.13-slim" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build-gateway /venv /venv
COPY --from=build-gateway /app /app
WORKDIR /app/gateway_project
ENV BIND=0.0.0.0:8081
EXPOSE 8081
USER 10001:10001
CMD ["gunicorn", "gateway_project.wsgi"]


FROM ${PYTHON_IMAGE} AS secrets
ARG VERSION=unknown REVISION=unknown
LABEL org.opencontainers.image.title="Secrets" \
      org.opencontainers.image.description="Provides each service with the files of its secrets, and ends" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.base.name="docker.io/library/python:3.13-slim" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --chmod=0644 deploy/provide_secrets.py /provide_secrets.py
ENTRYPOINT ["python", "/provide_secrets.py"]


FROM ${POSTGRES_IMAGE} AS database
LABEL org.opencontainers.image.title="Database" \
      org.opencontainers.image.description="PostgreSQL with a role for one service" \
      org.opencontainers.image.licenses="PostgreSQL AND MIT" \
      org.opencontainers.image.base.name="docker.io/library/postgres:18"
# A tmpfs takes its mode from the folder that it covers; the server's socket lies here.
RUN chmod 3777 /run/postgresql
COPY --chmod=0755 deploy/postgres/service-role.sh /docker-entrypoint-initdb.d/service-role.sh
USER postgres


FROM ${DEBIAN_IMAGE} AS tls
LABEL org.opencontainers.image.title="TLS" \
      org.opencontainers.image.description="HAProxy that ends TLS in front of the gateway" \
      org.opencontainers.image.licenses="GPL-2.0-or-later AND MIT" \
      org.opencontainers.image.base.name="docker.io/library/debian:trixie-slim"
RUN apt-get update -qq \
 && apt-get install -y -qq --no-install-recommends haproxy \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/archives/*
COPY --chmod=0644 deploy/tls/haproxy.cfg /etc/haproxy/haproxy.cfg
EXPOSE 8080 8443
USER 10001:10001
# SIGUSR1 lets open connections end.
STOPSIGNAL SIGUSR1
HEALTHCHECK --interval=10s --timeout=5s CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8443"]
CMD ["haproxy", "-W", "-db", "-f", "/etc/haproxy/haproxy.cfg"]
