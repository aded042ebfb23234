"""Nested runs, odd values, tags and files, by the plain API."""

import json
import math
import pathlib
import tempfile

import mlflow

import readback

mlflow.set_experiment("nested")
ids = []
with mlflow.start_run(run_name="sweep", description="two children") as parent:
    ids.append(parent.info.run_id)
    mlflow.log_params({"grid": "lr", "note": "значение ✓ \u0007 \u001b[31m"})
    for lr in (0.1, 0.01):
        with mlflow.start_run(run_name=f"lr={lr}", nested=True) as child:
            ids.append(child.info.run_id)
            mlflow.log_param("lr", lr)
            mlflow.set_tags({"kind": "child", "team": "vision"})
            for step in range(20):
                mlflow.log_metric("loss", math.exp(-lr * step), step=step)
                mlflow.log_metrics({"val/acc": 1 - math.exp(-lr * step), "val/f1": step / 20}, step=step)
    mlflow.log_metric("odd", float("nan"), step=1)
    mlflow.log_metric("odd", float("inf"), step=2)
    mlflow.log_metric("odd", float("-inf"), step=3)
    mlflow.log_metric("tiny", 5e-324)
    mlflow.log_metric("huge", -1.7976931348623157e308)
    mlflow.log_metric("back", 1.0, step=10)
    mlflow.log_metric("back", 2.0, step=-3)
    mlflow.log_text("line one\nline two\n", "notes/read me.txt")
    mlflow.log_dict({"a": [1, 2, {"b": None}]}, "conf/config.json")
    with tempfile.TemporaryDirectory() as tmp:
        folder = pathlib.Path(tmp, "data")
        (folder / "deep" / "er").mkdir(parents=True)
        (folder / "empty").write_bytes(b"")
        (folder / "deep" / "er" / "bytes.bin").write_bytes(bytes(range(256)) * 4096)
        (folder / "a b+c#d%e&ü.json").write_text(json.dumps({"name": "odd"}))
        mlflow.log_artifacts(str(folder), "folder")

with mlflow.start_run(run_name="gone") as gone:
    mlflow.log_metric("loss", 9.0)
mlflow.delete_run(gone.info.run_id)

try:
    with mlflow.start_run(run_name="broken") as broken:
        ids.append(broken.info.run_id)
        raise RuntimeError("the script's own mistake")
except RuntimeError:
    pass

found = mlflow.search_runs(search_all_experiments=True, filter_string="tags.kind = 'child' and metrics.loss < 0.5", output_format="list")
children = mlflow.search_runs(experiment_names=["nested"], filter_string=f"tags.mlflow.parentRunId = '{parent.info.run_id}'", output_format="list")
readback.report(ids, found=[r.info.run_id for r in found], children=sorted(r.info.run_id for r in children), deleted=gone.info.run_id)
