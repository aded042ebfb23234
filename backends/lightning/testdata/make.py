"""Makes the recorded runs in this folder with Lightning 2.6.6 itself.

    python make.py       (in an empty copy of this folder; needs lightning, torch, tensorboard)

csv/      a CSVLogger run: metrics.csv grew by rows and was rewritten when val_loss came
csv/saves metrics.csv as it stood after each save of the logger, in order
tb/       a TensorBoardLogger run: hparams.yaml and event files, no metrics.csv
want.json what the library gave its loggers, and what csv and yaml.full_load read back
"""
import csv, enum, json, math, os, shutil, warnings

import torch, yaml
import lightning as L
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger

warnings.filterwarnings("ignore")


class Color(enum.Enum):
    RED = 1


class Net(L.LightningModule):
    def __init__(self, lr, optimizer, activation, sizes, color, empty):
        super().__init__()
        self.save_hyperparameters()
        self.layer = torch.nn.Linear(2, 1)

    def training_step(self, batch, i):
        loss = self.layer(batch).pow(2).mean()
        self.log("train_loss", loss, on_step=True, on_epoch=True)
        if self.global_step == 7:
            self.log("odd, \"name\"", math.nan)
        return loss

    def validation_step(self, batch, i):
        if self.current_epoch > 0:
            self.log("val/loss", self.layer(batch).abs().mean())
            self.log("good", torch.tensor(self.current_epoch > 1))

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=self.hparams.lr)


logged = []


class Recording(CSVLogger):
    saves = 0

    def log_metrics(self, metrics, step=None):
        logged.append([step, {k: float(v) for k, v in metrics.items()}])
        super().log_metrics(metrics, step)

    def save(self):
        super().save()
        src = os.path.join(self.log_dir, "metrics.csv")
        if os.path.exists(src):
            os.makedirs("csv/saves", exist_ok=True)
            shutil.copy(src, f"csv/saves/{Recording.saves:02}.csv")
            Recording.saves += 1


def fit(logger, epochs):
    L.seed_everything(1)
    data = torch.utils.data.DataLoader(torch.rand(16, 2), batch_size=4)
    t = L.Trainer(max_epochs=epochs, logger=logger, log_every_n_steps=1, enable_progress_bar=False,
                  enable_model_summary=False, num_sanity_val_steps=0, accelerator="cpu",
                  callbacks=[ModelCheckpoint(save_top_k=2, monitor="train_loss_epoch", save_last=True)])
    net = Net(lr=0.05, optimizer={"name": "sgd", "betas": [0.9, 0.999], "nested": {"eps": 1e-08}},
              activation=torch.nn.ReLU, sizes=(8, 16), color=Color.RED, empty=None)
    t.fit(net, data, data)


fit(Recording("csv", flush_logs_every_n_steps=2), 4)
fit(TensorBoardLogger("tb", default_hp_metric=False), 2)
for root, _, files in os.walk("."):
    for f in files:
        if f.endswith(".ckpt"):  # only the name is read
            open(os.path.join(root, f), "wb").write(b"a checkpoint is never read\n")

base = "csv/lightning_logs/version_0"
rows = list(csv.DictReader(open(base + "/metrics.csv", newline="")))
read = {}
for r in rows:
    for k, v in r.items():
        if k != "step" and v != "":
            read.setdefault(k, []).append([int(r["step"]), v])


def plain(v):
    if isinstance(v, dict):
        return {str(k): plain(x) for k, x in v.items()}
    if isinstance(v, (list, tuple)):
        return [plain(x) for x in v]
    return v if isinstance(v, (int, float, str, bool, type(None))) else getattr(v, "__name__", str(v))


class Loose(yaml.FullLoader):
    pass


Loose.add_multi_constructor("tag:yaml.org,2002:python/name:", lambda l, s, n: s.rsplit(".", 1)[1])
Loose.add_multi_constructor("tag:yaml.org,2002:python/object/apply:", lambda l, s, n: s)
want = {"logged": logged, "csv": read, "hparams": plain(yaml.load(open(base + "/hparams.yaml"), Loose))}

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
acc = EventAccumulator("tb/lightning_logs/version_0").Reload()
want["tb"] = {t: [[e.step, e.value] for e in acc.Scalars(t)] for t in acc.Tags()["scalars"]}
json.dump(want, open("want.json", "w"), indent=0)
