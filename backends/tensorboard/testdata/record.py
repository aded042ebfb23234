"""Writes served.json: what TensorBoard's own data server (tensorboard-data-server
0.7.2) answers about runs/, so that ours can be compared with it.

    python record.py
"""
import hashlib, json, os, subprocess, tempfile, time

import grpc
import tensorboard_data_server
from tensorboard.data.proto import data_provider_pb2 as p
from tensorboard.data.proto import data_provider_pb2_grpc as g

HERE = os.path.dirname(os.path.abspath(__file__))


def answers(stub):
    out = {"runs": {r.name: r.start_time for r in stub.ListRuns(p.ListRunsRequest()).runs}, "plugins": sorted(x.name for x in stub.ListPlugins(p.ListPluginsRequest()).plugins), "series": {}}
    for plugin in out["plugins"]:
        for kind in ("Scalars", "Tensors", "BlobSequences"):
            q = getattr(p, f"List{kind}Request")()
            q.plugin_filter.plugin_name = plugin
            for r in getattr(stub, "List" + kind)(q).runs:
                for t in r.tags:
                    m = t.metadata
                    out["series"][f"{kind} {plugin} {r.run_name} {t.tag_name}"] = {
                        "max_step": m.max_step, "max_wall": m.max_wall_time, "class": m.summary_metadata.data_class,
                        "content": m.summary_metadata.plugin_data.content.hex(), "display": m.summary_metadata.display_name,
                        "longest": m.max_length if kind == "BlobSequences" else 0,
                    }
            q = getattr(p, f"Read{kind}Request")()
            q.plugin_filter.plugin_name = plugin
            q.downsample.num_points = 1000
            for r in getattr(stub, "Read" + kind)(q).runs:
                for t in r.tags:
                    d = t.data
                    s = out["series"].get(f"{kind} {plugin} {r.run_name} {t.tag_name}")
                    if s is None:  # scalars that are not float32: it reads none of them
                        continue
                    s["steps"], s["walls"] = list(d.step), list(d.wall_time)
                    if kind == "Scalars":
                        s["values"] = [repr(v) for v in d.value]
                    if kind == "BlobSequences":
                        s["blobs"] = [[hashlib.sha256(b"".join(x.data for x in stub.ReadBlob(p.ReadBlobRequest(blob_key=b.blob_key)))).hexdigest() for b in v.blob_refs] for v in d.values]
    return out


port = tempfile.mktemp()
server = subprocess.Popen([tensorboard_data_server.server_binary(), "--logdir=" + os.path.join(HERE, "runs"), "--reload=once", "--port=0", "--port-file=" + port, "--die-after-stdin"], stdin=subprocess.PIPE)
while not (os.path.exists(port) and open(port).read().endswith("\n")):
    time.sleep(0.01)
time.sleep(1)
stub = g.TensorBoardDataProviderStub(grpc.insecure_channel("localhost:" + open(port).read().strip()))
with open(os.path.join(HERE, "served.json"), "w") as f:
    json.dump(answers(stub), f, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
server.stdin.close()
server.wait()
