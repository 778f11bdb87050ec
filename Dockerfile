# The image of trainings, and of scoring jobs on a cluster: locked libraries, this code, and nothing else.
#
#   make image                      the wheels are fetched by the machine, and the build asks no network for them
#   docker build -t lifeboat .      the build fetches them; an index of your own: --build-arg PIP_INDEX_URL=...
#
# The base is any image with a Python 3.11 or later and its venv; name it by its digest where it must not change.
ARG BASE=docker.io/library/python:3.13-slim-trixie

FROM ${BASE} AS libraries
ARG PIP_INDEX_URL
# The folder of wheels need not be there; the lock file is, so that there is something to copy.
COPY training/requirements.txt build/wheels* /wheels/
RUN python3 -m venv /opt/lifeboat \
 && if ls /wheels/*.whl >/dev/null 2>&1; then offline="--no-index --find-links /wheels"; fi \
 && /opt/lifeboat/bin/pip install --no-cache-dir --disable-pip-version-check --only-binary :all: --require-hashes \
      $offline --requirement /wheels/requirements.txt \
 # What installs is no part of what runs; nor are the tests of the libraries.
 && /opt/lifeboat/bin/pip uninstall --yes --quiet pip \
 && find /opt/lifeboat -type d -name tests -prune -exec rm -r {} + \
 && find /opt/lifeboat -name "*.pyi" -delete

FROM ${BASE}
# LightGBM's wheel leaves OpenMP to the system.
RUN ldconfig -p | grep -q libgomp.so.1 \
 || (apt-get update -qq && apt-get install --yes -qq --no-install-recommends libgomp1 && rm -rf /var/lib/apt/lists/*)
COPY --from=libraries /opt/lifeboat /opt/lifeboat
COPY LICENSE /app/
COPY functions/__init__.py /app/functions/
COPY functions/core /app/functions/core
COPY training /app/training
# Whatever the owner of the host's files: nobody changes the code, and only /data and /tmp are written to.
RUN chmod -R u=rwX,go=rX /app && mkdir -m 1777 /data && python3 -m compileall -q /app
ENV PATH=/opt/lifeboat/bin:$PATH PYTHONPATH=/app PYTHONUNBUFFERED=1 ORT_DISABLE_TELEMETRY=1 \
    HOME=/tmp USER=lifeboat LIFEBOAT_STORE=/data/store
WORKDIR /data
# A number, so that Kubernetes can tell that it is not root.
USER 10001:10001
# No entry point: what `mlflow run` starts in it is a whole command.
CMD ["python", "-m", "training", "--help"]
