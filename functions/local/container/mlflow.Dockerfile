# MLflow for compose.yaml, as it is locked, by hashes, behind what lets it rest. Base, wheels and user are as in the
# Dockerfile of the training image.
ARG BASE=docker.io/library/python:3.13-slim-trixie

FROM ${BASE} AS libraries
ARG PIP_INDEX_URL
COPY requirements-mlflow.txt build/mlflow-wheels* /wheels/
RUN python3 -m venv /opt/mlflow \
 && if ls /wheels/*.whl >/dev/null 2>&1; then offline="--no-index --find-links /wheels"; fi \
 && /opt/mlflow/bin/pip install --no-cache-dir --disable-pip-version-check --only-binary :all: --require-hashes \
      $offline --requirement /wheels/requirements-mlflow.txt \
 && /opt/mlflow/bin/pip uninstall --yes --quiet pip

FROM ${BASE}
COPY --from=libraries /opt/mlflow /opt/mlflow
COPY LICENSE /app/
COPY functions/__init__.py /app/functions/
COPY functions/local/__init__.py /app/functions/local/
COPY functions/local/process/__init__.py functions/local/process/listening.py functions/local/process/resting_server.py \
     functions/local/process/stopping.py /app/functions/local/process/
RUN chmod -R u=rwX,go=rX /app && mkdir -m 1777 /mlflow && python3 -m compileall -q /app
# It tells nobody of its use, and has no jobs of its own.
ENV PATH=/opt/mlflow/bin:$PATH PYTHONPATH=/app PYTHONUNBUFFERED=1 HOME=/tmp USER=lifeboat \
    MLFLOW_DISABLE_TELEMETRY=true DO_NOT_TRACK=true MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false
WORKDIR /mlflow
USER 10001:10001
CMD ["python", "-m", "functions.local.process.resting_server", "--port", "5000", "--rest-after", "1800", "--ready", "/health", \
     "--", "mlflow", "server", "--host", "127.0.0.1", "--port", "{port}", "--workers", "1", \
     "--backend-store-uri", "sqlite:////mlflow/mlflow.db", "--artifacts-destination", "/mlflow/artifacts"]
