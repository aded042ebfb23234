"""Something for every page of MLflow's web UI to show."""

import math

import mlflow
import numpy as np
from mlflow import MlflowClient
from mlflow.models import infer_signature
from sklearn.linear_model import LinearRegression

import readback

mlflow.set_experiment("web")
client, ids = MlflowClient(), []
X = np.arange(20.0).reshape(10, 2)
for i, lr in enumerate((0.1, 0.01, 0.001)):
    with mlflow.start_run(run_name=f"brisk-otter-{i}", tags={"team": "vision"}, description="**a note** of run " + str(i)) as run:
        ids.append(run.info.run_id)
        mlflow.log_params({"lr": lr, "width": 8 * (i + 1), "optimizer": "adam"})
        for step in range(40):
            mlflow.log_metrics({"loss": math.exp(-lr * step), "val/acc": 1 - math.exp(-lr * step) / (i + 2)}, step=step)
            if step % 10 == 0:
                mlflow.log_metric("system/cpu_utilization_percentage", 10.0 + step + i, step=step // 10)
        mlflow.log_text("the first line of the notes\nthe second\n", "notes/notes.txt")
        mlflow.log_dict({"layers": [8, 16], "seed": i}, "conf.json")
        mlflow.log_input(mlflow.data.from_numpy(X, name="points"), context="training")
        with mlflow.start_run(run_name=f"fold-{i}", nested=True):
            mlflow.log_metric("loss", 0.5 + i)
        if i < 2:
            model = LinearRegression().fit(X, X.sum(axis=1) + i)
            mlflow.sklearn.log_model(model, "model", signature=infer_signature(X, model.predict(X)), registered_model_name="adder")

client.set_registered_model_alias("adder", "champion", "2")
client.update_registered_model("adder", "adds two numbers")
client.set_model_version_tag("adder", "1", "validated", "yes")
readback.report(ids, ["adder"], experiment_id=client.get_experiment_by_name("web").experiment_id)
