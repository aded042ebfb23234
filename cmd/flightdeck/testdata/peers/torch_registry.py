"""A PyTorch model: logged, registered, given an alias, downloaded, loaded and used."""

import hashlib
import os
import pathlib

import mlflow
import numpy as np
import torch
from mlflow import MlflowClient
from mlflow.models import infer_signature

import readback

torch.manual_seed(3)
mlflow.set_experiment("registry")
X = torch.rand(64, 4)
y = X @ torch.tensor([[1.0], [-2.0], [0.5], [3.0]])
net = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Tanh(), torch.nn.Linear(8, 1))
sgd = torch.optim.SGD(net.parameters(), lr=0.05)

client, ids, models = MlflowClient(), [], []
for attempt in range(2):
    with mlflow.start_run(run_name=f"fit-{attempt}") as run:
        ids.append(run.info.run_id)
        for step in range(20):
            loss = torch.nn.functional.mse_loss(net(X), y)
            sgd.zero_grad()
            loss.backward()
            sgd.step()
            mlflow.log_metric("loss", loss.item(), step=step)
        out = net(X).detach().numpy()
        info = mlflow.pytorch.log_model(
            net, name="model", registered_model_name="regressor", signature=infer_signature(X.numpy(), out), input_example=X[:2].numpy(),
        )
        models.append(info.model_id)

client.set_registered_model_alias("regressor", "champion", "1")
client.set_registered_model_alias("regressor", "challenger", "2")
client.set_registered_model_alias("regressor", "champion", "2")  # it moves
client.set_model_version_tag("regressor", "1", "validated", "no")
client.update_registered_model("regressor", "four numbers to one")
client.update_model_version("regressor", "2", "twenty steps more")

folder = pathlib.Path(mlflow.artifacts.download_artifacts("models:/regressor@champion"))
digests = {
    str(p.relative_to(folder)): [p.stat().st_size, hashlib.sha256(p.read_bytes()).hexdigest()] for p in sorted(folder.rglob("*")) if p.is_file()
}
loaded = mlflow.pytorch.load_model("models:/regressor@champion")
generic = mlflow.pyfunc.load_model(f"models:/{models[1]}").predict(X.numpy())
logged = [client.get_logged_model(m) for m in models]
found = mlflow.search_logged_models(experiment_ids=[logged[0].experiment_id], output_format="list")

readback.report(
    ids, ["regressor"],
    downloaded=digests,
    same=bool(np.array_equal(loaded(X).detach().numpy(), out) and np.array_equal(generic, out)),
    champion=client.get_model_version_by_alias("regressor", "champion").version,
    logged_models=[
        {"model_id": m.model_id, "name": m.name, "status": str(m.status.value if hasattr(m.status, "value") else m.status), "source_run_id": m.source_run_id,
         "metrics": [[k.key, k.value, k.step] for k in (m.metrics or [])], "params": m.params, "tags": m.tags}
        for m in logged
    ],
    found=sorted(m.model_id for m in found),
    torch=torch.__version__, cwd=os.getcwd(),
)
