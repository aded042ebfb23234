"""Makes the recorded run in this folder with dvclive 3.49.1 itself.

    git init && git commit --allow-empty -m x && dvc init && python make.py

dvclive/  what Live wrote        want.json  what dvclive's own parse_metrics and load_yaml read back
"""
import glob, json, os, time

import dvclive.monitor_system
import numpy as np
from dvclive import Live
from dvclive.serialize import load_yaml
from dvclive.utils import parse_metrics

dvclive.monitor_system.GPU_AVAILABLE = False  # else a machine without NVIDIA's library samples nothing
with Live("dvclive", report=None, save_dvc_exp=True, monitor_system=False) as live:
    live.monitor_system(interval=0.05, num_samples=4)
    live.log_params({"lr": 0.01, "net": {"depth": 3, "act": "relu", "sizes": [8, 16]}, "seed": 1, "on": True, "none": "null"})
    for i in range(5):
        live.log_metric("train/loss", 1.0 / (i + 1))
        live.log_metric("acc", i / 7, timestamp=True)
        live.log_metric("odd name", float("nan") if i == 3 else float("inf") if i == 4 else i)
        live.log_metric("phase", "warm" if i < 2 else "train")
        live.log_metric("only_summary", i * 10, plot=False)
        live.log_image(f"samples/{live.step}.png", np.full((4, 6, 3), 40 * i, np.uint8))
        live.log_image("confusion.png", np.full((3, 3), 20 * i, np.uint8))
        time.sleep(0.3)
        live.next_step()
history, latest = parse_metrics(live)
json.dump({
    "history": {os.path.relpath(k, "dvclive/plots/metrics"): v for k, v in history.items()},
    "latest": latest,
    "params": load_yaml("dvclive/params.yaml"),
    "images": sorted(os.path.relpath(p, "dvclive/plots/images") for p in glob.glob("dvclive/plots/images/**/*.png", recursive=True)),
}, open("want.json", "w"), indent=1, sort_keys=True)
