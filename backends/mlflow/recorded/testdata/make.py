"""Makes the files beside it, with the mlflow that the interpreter has:

    python make.py OUT

writes OUT/<version>-mlruns.tgz, OUT/<version>-mlflow.db.gz (the same session into
either store), OUT/<version>-wire.json.gz (what that version's server answers over
the database) and OUT/<version>-read.json.gz (what the library itself reads back).
"""

import gzip
import http.client
import json
import math
import os
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
import urllib.parse

os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
os.environ["GIT_PYTHON_REFRESH"] = "quiet"
import mlflow  # noqa: E402
import numpy as np  # noqa: E402
from mlflow import MlflowClient  # noqa: E402
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, RunTag, ViewType  # noqa: E402

NAMES = ["brisk-otter", "yes", "1234", "null", "a: b # c", "'quoted' \"twice\"", "two\nlines", "Ünï ✓ 🦦", "1e5", "long " * 45, " blanks ", "- dash", "~", "\ttab"]
T0 = 1_790_000_000_000


def session(uri, folder):
    mlflow.set_tracking_uri(uri)
    mlflow.set_registry_uri(uri)
    c = MlflowClient()
    exp = c.create_experiment("digits", artifact_location=None if uri.startswith("sqlite") is False else folder + "/artifacts/1", tags={"team": "vision", "note": "two\nlines"})
    gone = c.create_experiment("gone", artifact_location=None if uri.startswith("sqlite") is False else folder + "/artifacts/2")
    ids = []
    for i, name in enumerate(NAMES):
        r = c.create_run(exp, start_time=T0 + i * 1000, run_name=name, tags={"n": str(i)})
        ids.append(r.info.run_id)
        c.log_batch(r.info.run_id, [Metric("loss", 1 / (s + 1 + i), T0 + i * 1000 + s * 10, s) for s in range(3)], [Param("lr", f"{0.1 / (i + 1)}")], [])
        if i >= 2:
            c.set_terminated(r.info.run_id, ["FINISHED", "FAILED", "KILLED"][i % 3], T0 + i * 1000 + 500)
    first = ids[0]
    points = [Metric("val/acc", (s % 7) / 7, T0 + s, s) for s in range(60)]
    points += [Metric("odd key.x-1 _", v, T0 + i, i) for i, v in enumerate([math.nan, math.inf, -math.inf, -0.0, 5e-324, 1.7976931348623157e308, 1e22, 0.1])]
    points += [Metric("back", float(s), T0 + 100 + s, s) for s in (5, 6, 7)] + [Metric("back", 10.0 + s, T0 + 200 + s, s) for s in (2, 3)]
    points += [Metric("neg", 1.0, T0, -5), Metric("big", 2.0, T0, 2**53)]
    c.log_batch(first, points, [Param("deep/er/key", "v"), Param("text", "line one\nline two"), Param("empty", ""), Param("ünï", "✓")] if not os.name == "nt" else [], [RunTag("mlflow.note.content", "# A note\n\nwith *lines*"), RunTag("a/b", "c")])
    data = Dataset("digits", "abc123", "local", '{"uri": "digits.csv"}', '{"cols": 64}', '{"rows": 1797}')
    c.log_inputs(first, [DatasetInput(data, [InputTag("mlflow.data.context", "training")])])
    c.log_text(first, "hello\n", "notes/hello.txt")
    c.log_dict(first, {"a": 1}, "config.json")
    for step in (0, 10):
        c.log_image(first, np.full((4, 6, 3), step * 9, dtype=np.uint8), key="val/sample", step=step, timestamp=T0 + step)
    child = c.create_run(exp, start_time=T0 + 60_000, run_name="child", tags={"mlflow.parentRunId": first})
    c.set_terminated(child.info.run_id, "FINISHED", T0 + 61_000)
    c.set_terminated(first, "FINISHED", T0 + 90_000)
    c.delete_run(ids[5])
    g = c.create_run(gone, start_time=T0, run_name="in-a-deleted-experiment")
    c.set_terminated(g.info.run_id, "FINISHED", T0 + 5)
    c.delete_experiment(gone)
    c.create_registered_model("digits-net", tags={"stage": "new"}, description="reads\ndigits")
    root = c.get_run(first).info.artifact_uri
    for i in range(2):
        v = c.create_model_version("digits-net", root + "/notes", run_id=first, description=f"try {i}", tags={"i": str(i)})
    c.set_registered_model_alias("digits-net", "champion", v.version)
    c.set_registered_model_alias("digits-net", "old", "1")
    if hasattr(c, "create_logged_model"):
        m = c.create_logged_model(exp, name="net", source_run_id=first, tags={"k": "v"}, params={"depth": "3"}, model_type="classifier")
        c.log_metric(first, "model_acc", 0.5, T0, 1, model_id=m.model_id) if "model_id" in c.log_metric.__doc__ else None
        c.finalize_logged_model(m.model_id, "READY")
    return exp, ids


def number(v):
    return "NaN" if math.isnan(v) else ("Infinity" if v > 0 else "-Infinity") if math.isinf(v) else v


def read_back(uri):
    """Everything, as the library gives it."""
    mlflow.set_tracking_uri(uri)
    mlflow.set_registry_uri(uri)
    c = MlflowClient()
    out = {"experiments": [], "runs": [], "models": []}
    for e in c.search_experiments(view_type=ViewType.ALL):
        out["experiments"].append({"id": e.experiment_id, "name": e.name, "stage": e.lifecycle_stage, "tags": dict(e.tags), "created": e.creation_time, "updated": e.last_update_time})
    for r in c.search_runs([e["id"] for e in out["experiments"]], run_view_type=ViewType.ALL):
        i = r.info
        run = {"id": i.run_id, "name": i.run_name, "experiment": i.experiment_id, "status": i.status, "stage": i.lifecycle_stage, "start": i.start_time, "end": i.end_time, "user": i.user_id}
        run["params"], run["tags"] = dict(r.data.params), dict(r.data.tags)
        run["metrics"], run["history"] = {}, {}
        for m in r.data._metric_objs:
            run["metrics"][m.key] = [number(m.value), m.timestamp, m.step]
            h = [[number(p.value), p.timestamp, p.step] for p in c.get_metric_history(i.run_id, m.key)]
            run["history"][m.key] = h
        run["inputs"] = [{"name": d.dataset.name, "digest": d.dataset.digest, "source_type": d.dataset.source_type, "source": d.dataset.source, "schema": d.dataset.schema, "profile": d.dataset.profile, "context": {t.key: t.value for t in d.tags}.get("mlflow.data.context", "")} for d in r.inputs.dataset_inputs]
        run["artifacts"] = []
        stack = [""]
        while stack:
            for f in c.list_artifacts(i.run_id, stack.pop() or None):
                if f.is_dir:
                    stack.append(f.path)
                else:
                    run["artifacts"].append([f.path, f.file_size])
        run["artifacts"].sort()
        out["runs"].append(run)
    for m in c.search_registered_models():
        vs = c.search_model_versions(f"name='{m.name}'")
        out["models"].append({"name": m.name, "description": m.description, "tags": dict(m.tags), "aliases": dict(m.aliases), "versions": sorted([v.version, v.run_id, v.description, dict(v.tags)] for v in vs)})
    return out


def ask(port, method, path, body=None):
    h = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    h.request(method, path, json.dumps(body) if body is not None else None, {"Content-Type": "application/json"} if body is not None else {})
    a = h.getresponse()
    text = a.read().decode()
    assert a.status == 200, (path, a.status, text)
    return json.loads(text)


def wire(uri, expected):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    p = subprocess.Popen([sys.executable, "-m", "mlflow", "server", "--backend-store-uri", uri, "--workers", "1", "--port", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        for _ in range(600):
            try:
                h = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
                h.request("GET", "/health")
                if h.getresponse().status == 200:
                    break
            except OSError:
                time.sleep(0.2)
        api = "/api/2.0/mlflow/"
        out = {"version": mlflow.__version__}
        out["experiments"] = ask(port, "POST", api + "experiments/search", {"max_results": 1000, "view_type": "ALL"})["experiments"]
        out["runs"] = ask(port, "POST", api + "runs/search", {"experiment_ids": [e["experiment_id"] for e in out["experiments"]], "run_view_type": "ALL", "max_results": 1000})["runs"]
        out["history"], out["artifacts"] = {}, {}
        for r in expected["runs"]:
            for k in r["history"]:
                q = urllib.parse.urlencode({"run_id": r["id"], "metric_key": k, "max_results": 25000})
                out["history"][r["id"] + " " + k] = ask(port, "GET", api + "metrics/get-history?" + q).get("metrics", [])
            stack = [""]
            while stack:
                d = stack.pop()
                a = ask(port, "GET", api + "artifacts/list?" + urllib.parse.urlencode({"run_id": r["id"], "path": d} if d else {"run_id": r["id"]}))
                out["artifacts"][r["id"] + " " + d] = a
                stack += [f["path"] for f in a.get("files", []) if f["is_dir"]]
        out["models"] = ask(port, "GET", api + "registered-models/search?max_results=100").get("registered_models", [])
        out["versions"] = ask(port, "GET", api + "model-versions/search?max_results=10000").get("model_versions", [])
        return out
    finally:
        os.killpg(p.pid, 15)
        p.wait()


def zipped(name, doc):
    with gzip.GzipFile(name, "wb", mtime=0) as f:
        f.write(json.dumps(doc, ensure_ascii=False, indent=1, sort_keys=True).encode())


def main():
    out, version = os.path.abspath(sys.argv[1]), mlflow.__version__
    with tempfile.TemporaryDirectory(prefix="fixture") as tmp:
        os.chdir(tmp)
        session("file://" + tmp + "/mlruns", tmp)
        files = read_back("file://" + tmp + "/mlruns")
        with tarfile.open(f"{out}/{version}-mlruns.tgz", "w:gz") as t:
            t.add("mlruns")
        sqlite = "sqlite:///" + tmp + "/mlflow.db"
        session(sqlite, tmp)
        db = read_back(sqlite)
        w = wire(sqlite, db)
        subprocess.run([sys.executable, "-c", "import sqlite3,sys; c=sqlite3.connect(sys.argv[1]); c.execute('PRAGMA wal_checkpoint(TRUNCATE)'); c.execute('VACUUM'); print(c.execute('PRAGMA journal_mode').fetchone())", tmp + "/mlflow.db"], check=True)
        with open("mlflow.db", "rb") as f, gzip.GzipFile(f"{out}/{version}-mlflow.db.gz", "wb", mtime=0) as g:
            g.write(f.read())
        zipped(f"{out}/{version}-wire.json.gz", w)
        zipped(f"{out}/{version}-read.json.gz", {"root": tmp, "mlruns": files, "db": db})


main()
