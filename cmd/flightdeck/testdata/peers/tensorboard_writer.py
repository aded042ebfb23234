"""Writes runs with torch's SummaryWriter, and prints what TensorBoard's own reader
finds of the loss."""
import json
import os
import sys

import numpy as np
from tensorboard.backend.event_processing import event_accumulator
from torch.utils.tensorboard import SummaryWriter

root = sys.argv[1]
for name, scale in (("brisk-otter", 1.0), ("calm-heron", 3.0)):
    w = SummaryWriter(os.path.join(root, name))
    for step in range(1, 3001):
        w.add_scalar("loss", scale / step, step)
    for step in range(5):
        w.add_histogram("weights", np.random.default_rng(step).normal(size=100), step)
        w.add_image("sample", np.full((3, 8, 8), 40 * step, dtype=np.uint8), step)
        w.add_text("note", f"step **{step}**", step)
    w.add_hparams({"lr": 0.1 * scale, "opt": "adam"}, {"hparam/best": 0.5 * scale}, run_name="trial")
    w.close()
a = event_accumulator.EventAccumulator(os.path.join(root, "brisk-otter"), size_guidance={"scalars": 0})
a.Reload()
last = a.Scalars("loss")[-1]
print(json.dumps({"step": last.step, "value": last.value, "count": len(a.Scalars("loss"))}))
