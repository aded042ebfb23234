"""Prints as training scripts do, and writes down what it printed.

Needs tqdm:  python record.py > output.txt 2>&1
Made with tqdm 4.70.1, CPython 3.11. truth.json is what the script knows
of its own metrics: [key, step, value] in the order in which they were printed.
"""
import json, logging, math, sys

from tqdm import tqdm

truth = []


def said(key, step, value):
    truth.append([key, step, "nan" if math.isnan(value) else value])


# a bar over steps
bar = tqdm(range(1, 6), file=sys.stdout, mininterval=0, miniters=1, ncols=90)
for i in bar:
    bar.set_postfix(loss=1 / i, refresh=False)  # shown with the count that this turn ends at
    said("loss", i, float(tqdm.format_num(1 / i)))
bar.close()

# logging
log = logging.getLogger("trainer")
logging.basicConfig(stream=sys.stdout, format="%(asctime)s %(name)s %(levelname)s %(message)s", force=True)
log.setLevel(logging.INFO)
log.info("listening on port=8080 pid=%d", 123)
for step in range(100, 103):
    loss = 0.5 / (step - 99) if step < 102 else float("nan")
    log.info("step=%d train/loss=%.4f lr=%g", step, loss, 1e-3)
    said("train/loss", step, round(loss, 4))
    said("lr", step, 1e-3)

# print of dictionaries, and JSON
for step in range(2):
    d = {"step": 200 + step, "eval_accuracy": 0.5 + step / 8, "name": "x=1"}
    print(d, flush=True)
    said("eval_accuracy", 200 + step, d["eval_accuracy"])
for step in range(2):
    d = {"global_step": 300 + step, "reward": -1.5 * step, "extra": {"loss": 9}}
    print(json.dumps(d), flush=True)
    said("reward", 300 + step, d["reward"])

json.dump(truth, open("truth.json", "w"))
