# A worker, and every other `campaign-pulse` command, from the hashed lock: nothing unpinned is downloaded.
# Images are pinned in images.toml. Python 3.11 normalises long runs of combining marks in quadratic time; nothing here waits
# for its mend: texts are cut and made stream-safe before they are normalised (streams/stream_safe.py).
FROM python:3.11.16-slim-bookworm@sha256:a36c24f9cbdf4fd0f52d67f0823eeac19c2028c637cecc392d97f980d4fec56b AS build

ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/pulse
COPY requirements-runtime.lock /tmp/requirements-runtime.lock
# Wheels only: an image without a compiler, and no build that runs code from the index.
RUN /opt/pulse/bin/pip install --require-hashes --only-binary :all: -r /tmp/requirements-runtime.lock \
    && /opt/pulse/bin/pip uninstall --yes pip setuptools
COPY models /opt/pulse/app/models
COPY streams /opt/pulse/app/streams
COPY agents /opt/pulse/app/agents
COPY gateway /opt/pulse/app/gateway
RUN /opt/pulse/bin/python -m compileall -q /opt/pulse/app

FROM python:3.11.16-slim-bookworm@sha256:a36c24f9cbdf4fd0f52d67f0823eeac19c2028c637cecc392d97f980d4fec56b

# The id is fixed, so that volumes and `runAsUser` can name it.
RUN groupadd --system --gid 10001 pulse \
    && useradd --system --uid 10001 --gid pulse --no-create-home --shell /usr/sbin/nologin pulse \
    # A volume that is mounted here gets this owner.
    && install --directory --owner=pulse --group=pulse --mode=0700 /var/lib/campaign-pulse/spool
COPY --from=build /opt/pulse /opt/pulse
COPY --from=build /opt/pulse/app/agents/demo/data /opt/pulse/examples
COPY LICENSE NOTICE /opt/pulse/
# FAUST_DATADIR: Faust makes a directory at its start; the working directory is not writable.
ENV PATH=/opt/pulse/bin:$PATH \
    PYTHONPATH=/opt/pulse/app \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    FAUST_DATADIR=/tmp/faust \
    PULSE_METRICS_HOST=0.0.0.0 \
    PULSE_METRICS_PORT=9464
USER 10001:10001
WORKDIR /opt/pulse
EXPOSE 9464
# SIGTERM: a last flush, a commit, and a leave of the group.
STOPSIGNAL SIGTERM
# Whether the process answers. Whether it has partitions is /readyz, for whoever sends it work.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(f\"http://127.0.0.1:{os.environ['PULSE_METRICS_PORT']}/healthz\", timeout=4)"]
ENTRYPOINT ["python", "-m", "agents.cli"]
CMD ["worker"]
