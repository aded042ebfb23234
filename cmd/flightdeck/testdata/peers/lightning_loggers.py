"""Lightning with the three loggers that people use, in one training.

    python lightning_loggers.py mlflow tensorboard csv
"""

import csv
import json
import os
import pathlib
import sys

import lightning as L
import torch
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.loggers import CSVLogger, MLFlowLogger, TensorBoardLogger

kinds = sys.argv[1:] or ["mlflow", "tensorboard", "csv"]


class Net(L.LightningModule):
    def __init__(self, width: int = 16, lr: float = 0.05):
        super().__init__()
        self.save_hyperparameters()
        self.net = torch.nn.Sequential(torch.nn.Linear(4, width), torch.nn.ReLU(), torch.nn.Linear(width, 1))

    def training_step(self, batch, _):
        x, y = batch
        loss = torch.nn.functional.mse_loss(self.net(x), y)
        self.log("train_loss", loss, prog_bar=False)
        return loss

    def validation_step(self, batch, _):
        x, y = batch
        self.log("val_loss", torch.nn.functional.mse_loss(self.net(x), y))

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=self.hparams.lr)


def loader(n, seed):
    g = torch.Generator().manual_seed(seed)
    x = torch.rand(n, 4, generator=g)
    y = x @ torch.tensor([[1.0], [-2.0], [0.5], [3.0]])
    return torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, y), batch_size=8)


L.seed_everything(11)
loggers = {}
if "mlflow" in kinds:
    loggers["mlflow"] = MLFlowLogger(experiment_name="lightning", run_name="three-loggers", tracking_uri=os.environ["MLFLOW_TRACKING_URI"], log_model=True, tags={"team": "vision"})
if "tensorboard" in kinds:
    loggers["tensorboard"] = TensorBoardLogger("tb_logs", name="net")
if "csv" in kinds:
    loggers["csv"] = CSVLogger("csv_logs", name="net")

trainer = L.Trainer(
    max_epochs=3, logger=list(loggers.values()), log_every_n_steps=5, accelerator="cpu", devices=1, enable_progress_bar=False, enable_model_summary=False,
    callbacks=[ModelCheckpoint(monitor="val_loss", save_top_k=1)],
)
trainer.fit(Net(), loader(160, 1), loader(40, 2))

more = {}
if "tensorboard" in kinds:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    log_dir = loggers["tensorboard"].log_dir
    events = EventAccumulator(log_dir, size_guidance={"scalars": 0})
    events.Reload()
    more["tensorboard"] = {
        "dir": os.path.abspath(log_dir),
        "scalars": {tag: [[e.step, e.wall_time, e.value] for e in events.Scalars(tag)] for tag in events.Tags()["scalars"]},
    }
if "csv" in kinds:
    log_dir = pathlib.Path(loggers["csv"].log_dir)
    with open(log_dir / "metrics.csv", newline="") as f:
        more["csv"] = {"dir": str(log_dir.absolute()), "rows": list(csv.DictReader(f))}

if "mlflow" in kinds:
    import mlflow
    import readback

    mlflow.set_tracking_uri(os.environ["MLFLOW_TRACKING_URI"])
    readback.report([loggers["mlflow"].run_id], **more)
else:
    print(json.dumps({"more": more}, sort_keys=True), flush=True)
