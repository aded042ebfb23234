"""Makes the model files in files/ with the libraries whose formats they are.

    python3 -m venv v && v/bin/pip install numpy safetensors onnx && v/bin/python make.py

truth.json says what Python's own unpickler imports of each pickle: it is run with a
find_class that notes the name and gives a stand-in, so that nothing happens.
"""

import collections
import datetime
import io
import json
import os
import pickle
import struct
import sys
import types
import zipfile

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import save_file

here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "files")
truth = {}


class Stub:
    def __init__(self, *args, **kwargs):
        pass

    def __new__(cls, *args, **kwargs):
        return object.__new__(cls)

    def __setstate__(self, state):
        pass

    def __setitem__(self, key, value):
        pass

    def append(self, value):
        pass

    def extend(self, values):
        pass


def imports(data, pickles=1):
    seen = []

    class Watcher(pickle.Unpickler):
        def find_class(self, module, name):
            if f"{module}.{name}" not in seen:
                seen.append(f"{module}.{name}")
            return Stub

        def persistent_load(self, pid):
            return Stub()

    f = io.BytesIO(data)
    for _ in range(pickles):
        # Names as they stand in the file: without the mapping of Python 2's modules.
        w = Watcher(f, fix_imports=False)
        try:
            w.load()
        except Exception as e:  # noqa: BLE001 - what was imported before it failed counts
            print("  unpickling stopped:", e)
            break
    return seen


def write(name, data, pickles=1):
    with open(os.path.join(here, name), "wb") as f:
        f.write(data)
    truth[name] = imports(data, pickles)


class Evil:
    def __reduce__(self):
        return os.system, ("echo owned > owned.txt",)


class EvilEval:
    def __reduce__(self):
        return eval, ("__import__('os').getcwd()",)


def plain():
    for protocol in (0, 1, 2, 3, 4, 5):
        for name, value in {
            "ordered": collections.OrderedDict([("layer.weight", [1.5, -2, None, True]), ("ä", b"\x00\xff")]),
            "nested": {"a": [{"b": (1, 2, 3, 2**70, -1)}, {4, 5}, frozenset([6])], "when": datetime.timedelta(1), "long": "x" * 300},
            "evil": {"weights": [1, 2], "hook": Evil()},
            "eval": [EvilEval()],
            "array": {"w": np.arange(6, dtype="<f4").reshape(2, 3), "s": np.float64(1.5), "o": np.array([None, "x"], dtype=object)},
            "values": [1, 2.5, "text", None, {"k": [True, False]}],
        }.items():
            write(f"{name}-{protocol}.pkl", pickle.dumps(value, protocol))


def hidden():
    """Written by hand to fool a reader that does not follow the stack."""
    write("hidden-pop.pkl", b"\x80\x04\x8c\x05posix\x8c\x06system\x8c\x0bcollections\x8c\x0bOrderedDict00\x93\x8c\x04true\x85R.")
    write("hidden-memo.pkl", b"\x80\x04\x8c\x06system\x94\x8c\x05posix\x94h\x01h\x00\x93\x8c\x04true\x85R.")
    write("hidden-dup.pkl", b"\x80\x04\x8c\x05posix2\x8c\x06system\x93\x8c\x04true\x85R.")
    write("hidden-mark.pkl", b"\x80\x04(\x8c\x01a\x8c\x01b1\x8c\x05posix\x8c\x06system\x93\x8c\x04true\x85R.")
    write("hidden-escape.pkl", b"\x80\x04V\\u0070osix\nV\\u0073ystem\n\x93\x8c\x04true\x85R.")
    write("hidden-string.pkl", b"S'posix'\nS'system'\n\x93(S'true'\ntR.")
    write("hidden-inst.pkl", b"(S'true'\niposix\nsystem\n.")
    write("hidden-obj.pkl", b"(cposix\nsystem\nS'true'\no.")
    write("hidden-broken.pkl", b"cposix\nsystem\n(S'true'\ntR\x00garbage")
    write("hidden-second.pkl", pickle.dumps([1], 2) + b"cposix\nsystem\n(S'true'\ntR.", 2)
    write("hidden-second-broken.pkl", pickle.dumps([1], 2) + b"cposix\nsystem\n(S'true'\ntR\x00garbage", 2)
    write("hidden-dotted.pkl", b"\x80\x04\x8c\x13torch.serialization\x8c\x09os.system\x93\x8c\x04true\x85R.")


def torch_like():
    """The names and the layout of a PyTorch file, without PyTorch."""
    fake = {
        "torch._utils": ["_rebuild_tensor_v2"],
        "torch": ["FloatStorage"],
    }
    made = {}
    for module, names in fake.items():
        m = sys.modules[module] = types.ModuleType(module)
        for n in names:
            def f(*args):
                return None
            f.__module__, f.__name__, f.__qualname__ = module, n, n
            setattr(m, n, f)
            made[n] = f

    class Tensor:
        def __reduce__(self):
            return made["_rebuild_tensor_v2"], (made["FloatStorage"], 0, (2, 3), (3, 1), False, collections.OrderedDict())

    state = collections.OrderedDict([("fc.weight", Tensor()), ("fc.bias", Tensor())])
    data = pickle.dumps(state, 2)
    truth["model.pt"] = imports(data)
    with zipfile.ZipFile(os.path.join(here, "model.pt"), "w", zipfile.ZIP_STORED) as z:
        for name, content in [("model/data.pkl", data), ("model/version", b"3\n"), ("model/data/0", struct.pack("<6f", *range(6)))]:
            z.writestr(zipfile.ZipInfo(name, (2024, 1, 1, 0, 0, 0)), content)
    old = pickle.dumps(0x1950A86A20F9469CFC6C, 2) + pickle.dumps(1001, 2) + pickle.dumps({"little_endian": True}, 2) + data
    write("old.pt", old + pickle.dumps(["0"], 2) + struct.pack("<q6f", 6, *range(6)), 5)
    for name in fake:
        del sys.modules[name]


def arrays():
    np.save(os.path.join(here, "floats.npy"), np.arange(6, dtype="<f4").reshape(2, 3))
    for name, kw in [("floats.npz", {}), ("objects.npz", {"o": np.array([None, Evil()], dtype=object)})]:
        np.savez(os.path.join(here, name), w=np.zeros((2, 3), "<f8"), **kw)
    truth["objects.npz"] = imports(pickle.dumps(np.array([None, Evil()], dtype=object), 4))


def tensors():
    save_file(
        {"fc.weight": np.arange(6, dtype="<f4").reshape(2, 3), "fc.bias": np.zeros(2, "<f2"), "steps": np.zeros((), "<i8"), "empty": np.zeros((0, 4), "<f4")},
        os.path.join(here, "model.safetensors"),
        {"format": "np", "trained on": "digits"},
    )


def graph():
    w = numpy_helper.from_array(np.arange(6, dtype="<f4").reshape(3, 2), "W")
    b = helper.make_tensor("B", TensorProto.FLOAT, [2], [0.0, 1.0])
    g = helper.make_graph(
        [helper.make_node("MatMul", ["x", "W"], ["h"]), helper.make_node("Add", ["h", "B"], ["a"]), helper.make_node("Relu", ["a"], ["r"]), helper.make_node("Relu", ["r"], ["y"])],
        "digits",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 3])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, 2])],
        [w, b],
    )
    m = helper.make_model(g, producer_name="make.py", opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)])
    m.ir_version = 8
    onnx.checker.check_model(m)
    onnx.save(m, os.path.join(here, "model.onnx"))


plain()
hidden()
torch_like()
arrays()
tensors()
graph()
with open(os.path.join(here, "truth.json"), "w") as f:
    json.dump(truth, f, indent=1, sort_keys=True)
    f.write("\n")
