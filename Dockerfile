# The agent with its media worker and API, as one image. It runs as a plain user, needs no capability, writes to
# /var/lib/ntpd112 and /tmp only, and stops like the service: SIGTERM drains, so give it time.
#   docker build -t ntpd112 .
#   docker run --network host --read-only --tmpfs /tmp --cap-drop all --stop-timeout 330 \
#     -v ntpd112:/var/lib/ntpd112 -v ./ntpd112.toml:/var/lib/ntpd112/ntpd112.toml:ro ntpd112
# The configuration stands among the data, since relative paths in it start at its folder.
# SIP and thousands of RTP ports do not go well through published ports: use the host's network.
# BASE may be any Debian-like image with Python 3.11 or newer and its venv on the PATH. PACKAGES are Debian's that go in
# too: `ntpd112 backup` of a PostgreSQL database needs postgresql-client, of the server's version or newer.
ARG BASE=python:3.12-slim-trixie

FROM ${BASE} AS build
WORKDIR /build
COPY pyproject.toml README.md LICENSE ./
COPY src src
# Libraries' own tests and what only installs go. What a start imports is compiled here, since the image may be
# read-only later: without it each start of the agent, a media worker or a command would take 1.5 s of CPU longer.
RUN python3 -m venv /opt/ntpd112 \
 && /opt/ntpd112/bin/pip install --disable-pip-version-check --no-cache-dir --no-compile . \
 && /opt/ntpd112/bin/pip uninstall -y --quiet setuptools pip \
 && find /opt/ntpd112 \( -name tests -o -name __pycache__ \) -type d -prune -exec rm -rf {} + \
 && /opt/ntpd112/bin/python -c "import ntpd112.cli, ntpd112.media.worker, ntpd112.app.serving, soxr, asyncpg, aiosqlite"

FROM ${BASE}
ARG PACKAGES=
RUN if [ -n "${PACKAGES}" ]; then \
      apt-get update && apt-get install -y --no-install-recommends ${PACKAGES} && rm -rf /var/lib/apt/lists/*; fi
RUN groupadd --gid 8112 ntpd112 \
 && useradd --uid 8112 --gid 8112 --home-dir /var/lib/ntpd112 --shell /usr/sbin/nologin --no-log-init ntpd112 \
 && install -d -m 0750 -o ntpd112 -g ntpd112 /var/lib/ntpd112
COPY --from=build /opt/ntpd112 /opt/ntpd112
ENV PATH=/opt/ntpd112/bin:$PATH \
    PYTHONUNBUFFERED=1
# By number, so that a cluster that demands a plain user sees that it is one.
USER 8112
WORKDIR /var/lib/ntpd112
VOLUME /var/lib/ntpd112
EXPOSE 5060/udp 5060/tcp 8112/tcp
# The port is the default of [http] listen; set NTPD112_HEALTH where the configuration has another.
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
  CMD ["python3", "-c", "import os, urllib.request as r; r.urlopen(os.environ.get('NTPD112_HEALTH', 'http://127.0.0.1:8112/healthz'), timeout=2)"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["ntpd112"]
CMD ["run"]
