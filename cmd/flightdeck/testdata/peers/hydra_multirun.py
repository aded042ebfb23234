"""A Hydra sweep whose jobs log to MLflow: python hydra_multirun.py --multirun lr=0.1,0.01 width=8,16"""

import math

import hydra
import mlflow
from omegaconf import DictConfig, OmegaConf

import readback

ids, returned = [], []


@hydra.main(version_base="1.3", config_path="conf", config_name="config")
def train(cfg: DictConfig) -> float:
    mlflow.set_experiment("hydra")
    with mlflow.start_run(run_name=f"lr={cfg.lr},width={cfg.model.width}") as run:
        ids.append(run.info.run_id)
        mlflow.log_params({"lr": cfg.lr, "model.width": cfg.model.width, "model.name": cfg.model.name})
        mlflow.log_dict(OmegaConf.to_container(cfg, resolve=True), "config.yaml")
        loss = 1.0
        for step in range(30):
            loss = math.exp(-cfg.lr * step) + 1 / cfg.model.width
            mlflow.log_metric("loss", loss, step=step)
    returned.append(loss)
    return loss


if __name__ == "__main__":
    train()
    readback.report(ids, returned=returned)
