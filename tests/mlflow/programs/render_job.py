"""The job that MLflow sends to Kubernetes, by its own code, all but sending it: `render_job.py PROJECT CONFIG
ENTRY`, parameters as JSON on standard input.
"""

import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from mlflow.projects import _parse_kubernetes_config, kubernetes
from mlflow.projects.utils import (
    fetch_and_validate_project,
    get_entry_point_command,
    get_run_env_vars,
    load_project,
)

project_folder, config, entry = sys.argv[1:]
parameters = json.load(sys.stdin)
project = load_project(fetch_and_validate_project(project_folder, None, entry, parameters))
settings = _parse_kubernetes_config(json.loads(Path(config).read_text()))
sent: dict[str, Any] = {}


class Recording:
    """In place of the API of a cluster."""

    def create_namespaced_job(self, namespace: str, body: Any, pretty: bool) -> None:
        sent.update(namespace=namespace, job=body)


kubernetes.kubernetes.client.BatchV1Api = Recording
kubernetes._load_kube_context = lambda context: None
kubernetes.run_kubernetes_job(
    project.name,
    SimpleNamespace(info=SimpleNamespace(run_id="0" * 32)),
    settings["repository-uri"],
    "sha256:" + "a" * 64,
    get_entry_point_command(project, entry, parameters, None),
    get_run_env_vars("0" * 32, "0"),
    settings.get("kube-context"),
    settings["kube-job-template"],
)
print(json.dumps(sent))
