"""A plain script on Hydra 1.3.2: what stands in outputs/ and multirun/ is what it left.

    python train.py
    python train.py lr=0.5 +trainer.gpus=2 'model.name="a b"' model=big
    python train.py --multirun lr=0.1,0.2 model=small,big
    python train.py fail=true
    python truth.py      (writes want.json: what OmegaConf reads back from the files)
"""
import logging

import hydra
from omegaconf import DictConfig

log = logging.getLogger(__name__)


@hydra.main(version_base=None, config_path="conf", config_name="config")
def main(cfg: DictConfig) -> float:
    for step in range(5):
        log.info("step=%d loss=%.4f lr=%g", step, cfg.lr / (step + 1), cfg.lr)
        if cfg.fail and step == 2:
            try:
                raise RuntimeError("out of memory")
            except RuntimeError:
                log.exception("training failed")
                raise
    return cfg.lr


if __name__ == "__main__":
    main()
