"""Writes runs/ with the real writers, and expected.json with what TensorBoard's
own readers find there.

    python make.py      (torch 2, tensorboard 2.21, lightning 2, numpy)

The run times lie in the file names; nothing else changes between calls, except the
times in the events.
"""
import hashlib, json, math, os, shutil, socket, struct

import numpy as np
import torch
from tensorboard.backend.event_processing import directory_loader, event_accumulator, event_file_loader, plugin_event_accumulator
from tensorboard.compat.proto import event_pb2, graph_pb2, summary_pb2, node_def_pb2
from tensorboard.plugins.audio import metadata as audio_md
from tensorboard.plugins.histogram import metadata as histogram_md
from tensorboard.plugins.hparams import plugin_data_pb2
from tensorboard.plugins.image import metadata as image_md
from tensorboard.plugins.scalar import metadata as scalar_md
from tensorboard.plugins.text import metadata as text_md
from tensorboard.summary.writer.event_file_writer import EventFileWriter
from tensorboard.util import tensor_util
from torch.utils.tensorboard import SummaryWriter

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "runs")
socket.gethostname = lambda: "host"
rng = np.random.default_rng(7)


def torch_run(d):
    w = SummaryWriter(d)
    for i in range(40):
        w.add_scalar("train/loss", 1 / (1 + i), i)
        w.add_scalar("val/acc ü", i / 40, i)
        if i % 10 == 0:
            w.add_histogram("weights", rng.normal(size=200), i, bins=12)
            w.add_image("sample", rng.integers(0, 255, (3, 4, 6), dtype=np.uint8), i)
            w.add_text("note", f"step **{i}**\n\x1b[31m", i)
    for step, v in ((1, math.nan), (2, math.inf), (3, -math.inf), (10**9, 1.5), (2**40, 2.5), (2**62, 3.5)):
        w.add_scalar("odd", v, step)
    w.add_scalar("no step", 1.0)
    w.add_scalar("no step", 2.0)
    w.add_audio("beep", torch.sin(torch.arange(400) / 4.0).unsqueeze(0), 1, sample_rate=4000)
    w.add_pr_curve("pr", np.array([0, 1, 1, 0]), np.array([0.1, 0.9, 0.6, 0.4]), 0)
    w.add_images("grid", rng.integers(0, 255, (2, 3, 4, 4), dtype=np.uint8), 0)
    w.add_scalars("both", {"a": 1.0, "b": 2.0}, 5)
    w.add_hparams({"lr": 0.001, "layers": 3, "opt": "adam", "amp": True}, {"hparam/best": 0.75}, run_name="1700000000.25")
    w.close()


def tensor_run(d):
    """The forms that TensorFlow 2 writes."""
    w = EventFileWriter(d)

    def add(tag, step, array, md, dtype=None):
        t = tensor_util.make_tensor_proto(array, dtype=dtype)
        v = summary_pb2.Summary.Value(tag=tag, tensor=t)
        if step == 0:
            v.metadata.CopyFrom(md)
        w.add_event(event_pb2.Event(wall_time=1700000000.5 + step, step=step, summary=summary_pb2.Summary(value=[v])))

    types = ["float32", "float64", "float16", "int8", "int16", "int32", "int64", "uint8", "uint16", "bool"]
    for step in range(5):
        md = scalar_md.create_summary_metadata("the loss", "**what** is lost")
        add("loss", step, np.float32(step / 3), md)
        for name in types:
            add("type/" + name, step, np.array(step % 2, dtype=name), scalar_md.create_summary_metadata("", ""))
        add("hist", step, np.array([[0.0, 1.0, step], [1.0, 2.5, 4.0]]), histogram_md.create_summary_metadata("", ""))
        add("hist/empty", step, np.zeros((0, 3)), histogram_md.create_summary_metadata("", ""))
        add("image", step, [b"6", b"4", PNG, PNG], image_md.create_summary_metadata("", "", converted_to_tensor=True))
        add("text", step, np.array([["a", "b"], ["c", f"{step}"]], dtype=object), text_md.create_summary_metadata("", ""))
        add("audio", step, np.array([[WAV, b"label"]], dtype=object), audio_md.create_summary_metadata("", "", encoding=audio_md.Encoding.Value("WAV"), converted_to_tensor=True))
    t = summary_pb2.Summary.Value(tag="listed")
    t.tensor.dtype = 1
    t.tensor.float_val.append(2.25)
    t.metadata.CopyFrom(scalar_md.create_summary_metadata("", ""))
    w.add_event(event_pb2.Event(wall_time=1700000001, step=1, summary=summary_pb2.Summary(value=[t])))
    g = graph_pb2.GraphDef(node=[node_def_pb2.NodeDef(name="x", op="Const")])
    w.add_event(event_pb2.Event(wall_time=1700000002, graph_def=g.SerializeToString()))
    w.add_event(event_pb2.Event(wall_time=1700000003, tagged_run_metadata=event_pb2.TaggedRunMetadata(tag="step1", run_metadata=b"")))
    w.close()


def failed_run(d):
    """A session of the hparams plugin that says when and how it ended."""
    w = EventFileWriter(d)
    start = plugin_data_pb2.SessionStartInfo(group_name="g", start_time_secs=1700000000)
    start.hparams["units"].number_value = 16
    start.hparams["rate"].number_value = 1e-5
    start.hparams["dims"].list_value.extend([1, "a", None, True])
    start.hparams["none"].null_value = 0
    for tag, data in (
        ("_hparams_/session_start_info", plugin_data_pb2.HParamsPluginData(session_start_info=start)),
        ("_hparams_/session_end_info", plugin_data_pb2.HParamsPluginData(session_end_info=plugin_data_pb2.SessionEndInfo(status=2, end_time_secs=1700000060))),
    ):
        v = summary_pb2.Summary.Value(tag=tag)
        v.metadata.plugin_data.plugin_name = "hparams"
        v.metadata.plugin_data.content = data.SerializeToString()
        w.add_event(event_pb2.Event(wall_time=1700000001, summary=summary_pb2.Summary(value=[v])))
        v = summary_pb2.Summary.Value(tag="loss", simple_value=1)
        w.add_event(event_pb2.Event(wall_time=1700000001, summary=summary_pb2.Summary(value=[v])))
    w.close()


def purged_run(d):
    w = SummaryWriter(d, filename_suffix=".1")
    for i in range(10):
        w.add_scalar("loss", i, i)
        w.add_scalar("other", i, i)
    w.close()
    w = SummaryWriter(d, purge_step=6, filename_suffix=".2")
    for i in range(6, 12):
        w.add_scalar("loss", 100 + i, i)
    w.close()


def lightning_run():
    import lightning as L
    from lightning.pytorch.loggers import TensorBoardLogger

    class M(L.LightningModule):
        def __init__(self, width=4, lr=0.1):
            super().__init__()
            self.save_hyperparameters()
            self.l = torch.nn.Linear(2, 1)

        def training_step(self, b, _):
            loss = self.l(b[0]).pow(2).mean()
            self.log("loss", loss, on_step=True, on_epoch=True)
            return loss

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), lr=self.hparams.lr)

    data = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.ones(32, 2)), batch_size=4)
    L.seed_everything(1)
    t = L.Trainer(max_epochs=3, log_every_n_steps=2, logger=TensorBoardLogger(ROOT), accelerator="cpu", enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False)
    t.fit(M(), data)


def number(x):
    x = float(x)
    return x if math.isfinite(x) else str(x)


def sha(b):
    return hashlib.sha256(b).hexdigest()


def expected(d):
    a = event_accumulator.EventAccumulator(d, size_guidance={k: 0 for k in ("compressedHistograms", "images", "audio", "scalars", "histograms", "tensors")}, purge_orphaned_data=True)
    a.Reload()
    p = plugin_event_accumulator.EventAccumulator(d, size_guidance={}, tensor_size_guidance={k: 0 for k in ("scalars", "histograms", "images", "audio", "text", "hparams", "pr_curves")}, purge_orphaned_data=True)
    p.Reload()
    out = {"scalars": {}, "histograms": {}, "images": {}, "texts": {}, "audio": {}, "plugins": {}, "hparams": {}, "display": {}, "start": min(e.wall_time for f in os.listdir(d) if "tfevents" in f for e in event_file_loader.EventFileLoader(os.path.join(d, f)).Load())}
    for tag in p.Tags()["tensors"]:
        md = p.SummaryMetadata(tag)
        plugin = md.plugin_data.plugin_name
        out["plugins"][tag] = plugin
        if md.display_name:
            out["display"][tag] = md.display_name
        if plugin == "hparams":
            m = plugin_data_pb2.HParamsPluginData.FromString(md.plugin_data.content)
            for k, v in m.session_start_info.hparams.items():
                out["hparams"][k] = [v.WhichOneof("kind"), str(v.number_value) if v.HasField("number_value") else v.string_value if v.HasField("string_value") else str(v.bool_value)]
            continue
        for e in p.Tensors(tag):
            x = tensor_util.make_ndarray(e.tensor_proto)
            if plugin == "scalars":
                if tag not in a.Tags()["scalars"]:
                    out["scalars"].setdefault(tag, []).append([e.wall_time, e.step, number(x)])
            elif plugin == "histograms":
                out["histograms"].setdefault(tag, []).append([e.step, x.tolist()])
            elif plugin == "images":
                out["images"].setdefault(tag, []).append([e.step, int(x[0]), int(x[1]), [sha(b) for b in x[2:]]])
            elif plugin == "audio":
                out["audio"].setdefault(tag, []).append([e.step, [sha(b) for b in (x[:, 0] if x.ndim == 2 else x)]])
            elif plugin == "text":
                out["texts"].setdefault(tag, []).append([e.step, [b.decode() for b in x.reshape(-1)]])
    for tag in a.Tags()["scalars"]:
        out["scalars"][tag] = [[e.wall_time, e.step, number(e.value)] for e in a.Scalars(tag)]
    return out


if __name__ == "__main__":
    shutil.rmtree(ROOT, ignore_errors=True)
    import io, wave
    from PIL import Image

    buf = io.BytesIO()
    Image.new("RGB", (6, 4), "red").save(buf, "png")
    PNG = buf.getvalue()
    buf = io.BytesIO()
    with wave.open(buf, "wb") as f:
        f.setnchannels(1), f.setsampwidth(2), f.setframerate(8000)
        f.writeframes(struct.pack("<8h", *range(8)))
    WAV = buf.getvalue()
    torch_run(os.path.join(ROOT, "torch"))
    tensor_run(os.path.join(ROOT, "tensors"))
    failed_run(os.path.join(ROOT, "deep", "failed"))
    purged_run(os.path.join(ROOT, "purged"))
    lightning_run()
    found = {}
    for d, _, files in os.walk(ROOT):
        if any("tfevents" in f for f in files):
            found[os.path.relpath(d, ROOT)] = expected(d)
    with open(os.path.join(HERE, "expected.json"), "w") as f:
        json.dump(found, f, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
