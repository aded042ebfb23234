"""Metrics, params and tags through MLflow's asynchronous queue."""

import mlflow

import readback

mlflow.set_experiment("async")
with mlflow.start_run(run_name="queued") as run:
    pending = [mlflow.log_metric("loss", 1 / (step + 1), step=step, synchronous=False) for step in range(2500)]
    pending.append(mlflow.log_params({f"p{i}": i for i in range(150)}, synchronous=False))
    pending.append(mlflow.set_tags({f"t{i}": f"v{i}" for i in range(120)}, synchronous=False))
    for p in pending:
        p.wait()

mlflow.config.enable_async_logging()
with mlflow.start_run(run_name="flushed") as other:
    for step in range(300):
        mlflow.log_metrics({"a": step, "b": -step}, step=step)
    mlflow.log_param("mode", "async")
mlflow.flush_async_logging()
mlflow.config.enable_async_logging(False)

readback.report([run.info.run_id, other.info.run_id])
