"""Eight processes that log at once: each into a run of its own, all into one."""

import multiprocessing
import sys

import mlflow
from mlflow import MlflowClient

import readback

POINTS = 150


def worker(rank, shared):
    mlflow.set_experiment("processes")
    with mlflow.start_run(run_name=f"rank-{rank}", nested=True, tags={"mlflow.parentRunId": shared}) as run:
        mlflow.log_param("rank", rank)
        client = MlflowClient()
        for step in range(POINTS):
            mlflow.log_metric("loss", rank + 1 / (step + 1), step=step)
            client.log_metric(shared, "loss", rank * 1000 + step, step=step)
            if step % 10 == 0:
                client.log_metric(shared, f"rank{rank}/loss", step, step=step)
        mlflow.log_text(f"done {rank}\n", "done.txt")
        return run.info.run_id


if __name__ == "__main__":
    mlflow.set_experiment("processes")
    with mlflow.start_run(run_name="all") as run:
        shared = run.info.run_id
        with multiprocessing.get_context("spawn").Pool(8) as pool:
            ids = pool.starmap(worker, [(rank, shared) for rank in range(8)])
    sys.stdout.flush()
    readback.report([shared, *ids])
