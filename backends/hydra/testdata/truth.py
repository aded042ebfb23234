"""Writes want.json: what OmegaConf reads back from every output folder."""
import glob, json, os

from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import OmegaConf

parser = OverridesParser.create()
want = {}
for dot in sorted(glob.glob("outputs/*/*/.hydra") + glob.glob("multirun/*/*/*/.hydra")):
    hydra = OmegaConf.load(dot + "/hydra.yaml").hydra
    config = OmegaConf.to_container(OmegaConf.load(dot + "/config.yaml"), resolve=False)
    overrides = OmegaConf.to_container(OmegaConf.load(dot + "/overrides.yaml"))
    parsed = [parser.parse_override(o) for o in overrides]
    want[os.path.dirname(dot)] = {
        "config": config, "overrides": overrides, "job": hydra.job.name, "dirname": hydra.job.override_dirname,
        "num": OmegaConf.select(hydra, "job.num", default=None) if not OmegaConf.is_missing(hydra.job, "num") else None,
        "choices": OmegaConf.to_container(hydra.runtime.choices),
        "keys": [[p.type.name, p.key_or_group, p.package] for p in parsed],
    }
samples = ["lr=0.1", "+a.b=1", "++a=", "~db", "~db=mysql", "db@pkg=x", "hydra/launcher=joblib", "+g@a.b.c=1", "a='x, y'", "a=[1,{b:c}]",
           "a=choice(1,2)", "a={x:1,y:'}'}", "a=\\,", "a=b=c", "$x=1", "a.0.b=1", "_target_=m.C", "a=${oc.env:HOME}", "a=1,2,3",
           "", "=1", "a", "a b=1", "a=[1", "a='x", "a=)", "+a", "@p=1", "a=(", "~", "a==", "a-b=1", "1a=2", "a.=1", "a/b=c", "a/=c", "a=x y", "a={b}", "a=f(x", "a=]"]
grammar = []
for s in samples:
    try:
        p = parser.parse_override(s)
        grammar.append([s, p.type.name, p.key_or_group, p.package, p.is_sweep_override()])
    except Exception:
        grammar.append([s])
json.dump({"runs": want, "grammar": grammar}, open("want.json", "w"), indent=1)
