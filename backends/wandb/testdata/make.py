"""Makes the recorded runs in this folder with wandb 0.31 itself, offline.

    WANDB_MODE=offline python make.py

wandb/     what wandb wrote
want.json  what the script logged, and what the library's own protobuf classes read from the log
"""
import glob, json, math, struct, time, zlib

import numpy as np
import wandb
from wandb.proto import wandb_internal_pb2 as pb
from google.protobuf.json_format import MessageToDict

def quiet(**kw):
    return wandb.Settings(x_stats_sampling_interval=0.3, x_save_requirements=False, **kw)


def first():
    run = wandb.init(project="digits", id="first1", name="first run", group="g1", job_type="train", tags=["baseline", "cpu"],
                     notes="a note", config={"lr": 0.1, "net": {"depth": 3, "act": "relu"}, "sizes": [8, 16], "on": True},
                     settings=quiet(console="wrap", host="box"))
    run.config["late"] = "yes"
    for i in range(12):
        d = {"loss": 1 / (i + 1), "acc": i / 12, "nest": {"a": i, "b": {"c": -i}}, "dots.in/key": 2 * i}
        if i == 5:
            d["loss"] = math.nan
        if i == 6:
            d["loss"] = math.inf
        if i % 5 == 0:
            d["hist"] = wandb.Histogram(np_histogram=np.histogram([1, 2, 2, 3 + i], bins=4))
            d["pic"] = wandb.Image(np.full((4, 6, 3), 20 * i, np.uint8), caption=f"c{i}")
            d["pics"] = [wandb.Image(np.full((3, 3), 20 * i + k, np.uint8)) for k in range(2)]
            d["word"] = f"text {i}"
        run.log(d)
        print(f"step {i} printed=1.5")
    run.log({"loss": 0.01, "jump": 1}, step=100)
    run.summary["best"] = 0.75
    run.summary["verdict"] = "good"
    time.sleep(1.2)
    run.finish()


def second():
    run = wandb.init(project="digits", id="second2", config={"lr": 0.2}, settings=quiet())
    big = {f"m{k:03}": float(k) for k in range(400)}  # a record that spans blocks
    for i in range(6):
        run.log({**big, "loss": float(i)})
    run.finish(exit_code=3)


def records(path):
    """LevelDB's log framing with plain CRC-32; each chunk's checksum is checked."""
    data = open(path, "rb").read()
    magic, version = data[:4], data[4:7]
    assert magic == b":W&B", (magic, version)
    at, part = 7, b""
    while at < len(data):
        room = 32768 - at % 32768
        if room < 7:
            at += room
            continue
        crc, n, kind = struct.unpack("<IHB", data[at:at + 7])
        body = data[at + 7:at + 7 + n]
        assert zlib.crc32(body, zlib.crc32(bytes([kind]))) == crc, at
        at += 7 + n
        part = body if kind in (1, 2) else part + body
        if kind in (1, 4):
            r = pb.Record()
            r.ParseFromString(part)
            yield r


def key(item):
    return list(item.nested_key) if item.nested_key else [item.key]


def read(path):
    out = {"history": [], "stats": [], "config": [], "summary": [], "output": "", "kinds": {}}
    for r in records(path):
        kind = r.WhichOneof("record_type")
        out["kinds"][kind] = out["kinds"].get(kind, 0) + 1
        if kind == "run":
            out["run"] = MessageToDict(r.run, preserving_proto_field_name=True)
        if kind == "history":
            out["history"].append([r.history.step.num, [[key(i), i.value_json] for i in r.history.item]])
        if kind == "stats":
            out["stats"].append([r.stats.timestamp.ToMilliseconds(), {i.key: i.value_json for i in r.stats.item}])
        if kind in ("config", "summary"):
            out[kind].append([[key(i), i.value_json] for i in getattr(r, kind).update])
        if kind == "output_raw":
            out["output"] += r.output_raw.line
        if kind == "exit":
            out["exit"] = [r.exit.exit_code, r.exit.runtime]
    logged = {tuple(k) for _, items in out["history"] for k, _ in items}
    out["summary"] = {".".join(k): v for items in out["summary"] for k, v in items if tuple(k) not in logged}
    return out


if __name__ == "__main__":
    first()
    second()
    wandb.teardown()  # the last records of a run that failed are written after finish
    json.dump({p: read(p) for p in sorted(glob.glob("wandb/*run-*/run-*.wandb"))}, open("want.json", "w"), separators=(",", ":"))
