# The agent with its media worker and API, as one image; it runs as a plain user and keeps its data in /var/lib/ntpd112.
#   docker build -t ntpd112 .
#   docker run --network host -v ntpd112:/var/lib/ntpd112 -v ./ntpd112.toml:/var/lib/ntpd112/ntpd112.toml:ro ntpd112
# The configuration stands among the data, since relative paths in it start at its folder.
# SIP and thousands of RTP ports do not go well through published ports: use the host's network.
# BASE may be any Debian-like image with Python 3.11 or newer on the PATH.
ARG BASE=python:3.12-slim

FROM ${BASE} AS build
WORKDIR /build
COPY pyproject.toml README.md LICENSE ./
COPY src src
RUN python3 -m venv /opt/ntpd112 \
 && /opt/ntpd112/bin/pip install --disable-pip-version-check --no-cache-dir . \
 && /opt/ntpd112/bin/pip uninstall -y --quiet pip \
 && find /opt/ntpd112 -name __pycache__ -prune -exec rm -rf {} +

FROM ${BASE}
RUN useradd --system --uid 8112 --home-dir /var/lib/ntpd112 --create-home ntpd112
COPY --from=build /opt/ntpd112 /opt/ntpd112
ENV PATH=/opt/ntpd112/bin:$PATH \
    PYTHONUNBUFFERED=1
USER ntpd112
WORKDIR /var/lib/ntpd112
VOLUME /var/lib/ntpd112
EXPOSE 5060/udp 5060/tcp 8112/tcp
# The port is the default of [http] listen; set NTPD112_HEALTH where the configuration has another.
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
  CMD ["python3", "-c", "import os, urllib.request as r; r.urlopen(os.environ.get('NTPD112_HEALTH', 'http://127.0.0.1:8112/healthz'), timeout=2)"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["ntpd112"]
CMD ["run"]
