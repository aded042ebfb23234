"""What MLflow's own client reads back of what a script logged, as one line of JSON.

The tests hold every value here against what Flightdeck says of the same run.
"""

import hashlib
import json
import math
import os
import tempfile

import mlflow
from mlflow import MlflowClient


def number(x):
    return x if math.isfinite(x) else str(x)  # JSON has no nan and no inf


def files(client, run_id):
    """Path, size and SHA-256 of every file, downloaded."""
    out = {}

    def walk(path):
        for f in client.list_artifacts(run_id, path):
            if f.is_dir:
                walk(f.path)
            else:
                out[f.path] = f.file_size

    walk(None)
    with tempfile.TemporaryDirectory() as tmp:
        for path, size in out.items():
            local = client.download_artifacts(run_id, path, tmp)
            with open(local, "rb") as f:
                out[path] = [size, hashlib.sha256(f.read()).hexdigest()]
    return out


def history(client, run_id, key):
    return [[m.step, m.timestamp, number(m.value)] for m in client.get_metric_history(run_id, key)]


def run(client, run_id):
    r = client.get_run(run_id)
    return {
        "run_id": r.info.run_id,
        "run_name": r.info.run_name,
        "experiment_id": r.info.experiment_id,
        "experiment": client.get_experiment(r.info.experiment_id).name,
        "status": r.info.status,
        "lifecycle_stage": r.info.lifecycle_stage,
        "start_time": r.info.start_time,
        "end_time": r.info.end_time,
        "params": r.data.params,
        "metrics": {k: number(v) for k, v in r.data.metrics.items()},
        "tags": r.data.tags,
        "history": {k: history(client, run_id, k) for k in r.data.metrics},
        "artifacts": files(client, run_id),
        "inputs": [
            {"name": i.dataset.name, "digest": i.dataset.digest, "source_type": i.dataset.source_type, "source": i.dataset.source,
             "context": next((t.value for t in i.tags if t.key == "mlflow.data.context"), "")}
            for i in (r.inputs.dataset_inputs if r.inputs else [])
        ],
    }


def model(client, name):
    m = client.get_registered_model(name)
    versions = client.search_model_versions(f"name = '{name}'")
    return {
        "name": m.name,
        "description": m.description or "",
        "tags": m.tags,
        "aliases": {a: str(v) for a, v in m.aliases.items()},
        "versions": [
            {"version": str(v.version), "run_id": v.run_id, "source": v.source, "status": v.status, "description": v.description or "", "tags": v.tags}
            for v in sorted(versions, key=lambda v: int(v.version))
        ],
    }


def report(run_ids, models=(), **more):
    client = MlflowClient()
    print(json.dumps({
        "mlflow": mlflow.__version__,
        "pid": os.getpid(),
        "runs": [run(client, i) for i in run_ids],
        "models": [model(client, m) for m in models],
        "more": more,
    }, sort_keys=True), flush=True)
