"""Hostile study files, space files and overrides, and what must be said of each."""

from typing import Any

import yaml

LONG = "x" * 10_000
GOOD: dict[str, Any] = {
    "defaults": [{"/search_spaces@space": "scales"}, "_self_"],
    "title": "A good study",
    "questions": {"q": {"asks": "Does it?", "compare": "ratio", "primary": ["qabf"]}},
    "factors": {"ratio": {"values": [0.5, 0.75]}},
    "phases": {"compare": {"design": "one_factor", "seeds": 1}},
    "base": {"data": {"name": "synthetic"}, "train": {"steps": 10}},
}

RICH: dict[str, Any] = {  # uses every section, and a phase of almost every design
    **GOOD,
    "defaults": ["_self_"],
    "space": {
        "dimensions": {
            "ratio": {
                "path": "loss.ratio",
                "type": "float",
                "low": 0.25,
                "high": 0.84,
                "baseline": 0.5,
                "when": "levels > 1",
            },
            "levels": {"path": "loss.levels", "type": "int", "low": 1, "high": 5, "baseline": 3},
            "v": {
                "type": "bundle",
                "baseline": "a",
                "choices": {"a": {"loss.sign": "kept"}, "b": {"loss.sign": "free"}},
            },
            "w": {
                "path": "loss.weights",
                "type": "simplex",
                "size": "levels",
                "baseline": [0.2, 0.3, 0.5],
            },
            "op": {
                "path": "loss.operator",
                "type": "categorical",
                "choices": ["sobel", "scharr"],
                "baseline": "sobel",
            },
        },
        "constraints": {"c": {"require": "levels * ratio > 0", "because": "x"}},
    },
    "factors": {
        "ratio": {"values": [0.25, 0.5, 0.75], "ordered": True},
        "levels": {"values": [2, 3, 5], "tied_to": "ratio"},
        "v": {"values": ["a", "b"]},
    },
    "questions": {
        "q": {
            "asks": "a",
            "compare": "ratio",
            "primary": ["qabf"],
            "smallest_effect": {"qabf": 0.1},
            "trend": "log2",
            "contrasts": ["baseline"],
        },
        "r": {"asks": "b", "compare": ["ratio", "v"], "primary": ["vif"]},
    },
    "nuisance": {"learning_rate": {"low": 1e-4, "high": 1e-2}, "gradient_weight": "fixed"},
    "phases": {
        "pilot": {"design": "baseline_only", "seeds": 6},
        "s": {
            "design": "search",
            "trials": 4,
            "sampler": "tpe",
            "pruner": "median",
            "rungs": [5, 8],
        },
        "a": {
            "design": "blocked",
            "options": {"points": 2, "blocks": 6, "arms": "full_factorial"},
        },
        "p": {"design": "path", "options": {"best": {"v": "b"}, "order": ["v", "ratio"]}},
        "c": {"design": "confirm", "options": {"of": "s", "winners": 1, "blocks": 6}},
        "f": {"design": "fractional_factorial", "options": {"generators": ["v = ratio"]}},
    },
    "executor": {"name": "inline", "slots": 1},
    "store": {"mlflow": "x"},
    "objective": "val/qabf",
    "seed": 0,
}


def good(**changes: Any) -> str:
    """Return the text of a good study with other top-level sections."""
    return yaml.safe_dump({**GOOD, **changes}, sort_keys=False, allow_unicode=True)


def question(**changes: Any) -> dict[str, Any]:
    return {"questions": {"q": {**GOOD["questions"]["q"], **changes}}}


def laughs(levels: int = 9, width: int = 9) -> str:
    """Return the billion laughs: each line names the one before it nine times."""
    lines = ["a0: &a0 [lol, lol]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * width)}]" for i in range(1, levels)]
    return "\n".join(lines) + "\n"


def merging(levels: int = 25) -> str:
    """Return merge keys that double at every line."""
    lines = ["a0: &a0 {k: v}"]
    lines += [f"a{i}: &a{i} {{<<: [*a{i - 1}, *a{i - 1}]}}" for i in range(1, levels)]
    return "\n".join(lines) + "\n"


def dimension(**changes: Any) -> dict[str, Any]:
    """Return a space with one more dimension."""
    entry = {"path": "train.steps", "type": "int", "low": 1, "high": 100, **changes}
    return {"space": {"dimensions": {"more": entry}}}


def expression(text: str) -> str:
    return good(space={"constraints": {"c": {"require": text, "because": "b"}}})


# name -> (text of the study file, part of the answer)
STUDIES: dict[str, tuple[str | bytes, str]] = {
    # names of code
    "target": (good(base={"model": {"_target_": "os.system"}}), "base.model._target_: YAML never"),
    "target on top": (good(_target_="os.system", _args_=["id"]), "_target_: YAML never names code"),
    "partial in a list": (good(objective=[{"_partial_": True}]), "objective._partial_: YAML never"),
    "convert in a phase": (
        good(phases={"compare": {"design": "one_factor", "options": {"_convert_": "all"}}}),
        "YAML never names code",
    ),
    "class as a design": (good(phases={"compare": {"design": "os.system"}}), "no design is called"),
    "class as a model": (good(base={"model": "torch.nn.Linear"}), "base.model.name: no such name"),
    "class as a sampler": (
        good(phases={"s": {"design": "search", "trials": 1, "sampler": "optuna.samplers.Random"}}),
        "no sampler is called",
    ),
    "python tag": ("title: !!python/object/apply:os.system ['id']\n", "line 1: is not YAML"),
    "python name": ("title: !!python/name:os.system\n", "line 1: is not YAML"),
    "python module": ("title: x\nbase: !!python/module:os\n", "line 2: is not YAML"),
    "python new": ("title: !!python/object/new:subprocess.Popen [[id]]\n", "line 1: is not YAML"),
    "own tag": ("title: !include /etc/passwd\n", "line 1: is not YAML"),
    # interpolations
    "environment": (good(title="${oc.env:HOME}"), "refers to another value"),
    "environment deep": (good(base={"data": {"root": "x/${oc.env:HOME}"}}), "refers to another"),
    "decode": (good(seed="${oc.decode:'1'}"), "refers to another value"),
    "itself": (good(title="${title}"), "refers to another value"),
    "missing": (good(title="???"), "refers to another value"),
    "environment as a space": (
        good(defaults=[{"/search_spaces@space": "${oc.env:HOME}"}]),
        "cannot name a file",
    ),
    # defaults that leave
    "space outside": (
        good(defaults=[{"/search_spaces@space": "../../../../etc/passwd"}]),
        "cannot name a file",
    ),
    "space absolute": (
        good(defaults=[{"/search_spaces@space": "/etc/hosts"}]),
        "cannot name a file",
    ),
    "file outside": (good(defaults=["../secrets", "_self_"]), "is not an entry"),
    "space on top": (
        good(defaults=[{"/search_spaces@_global_": "scales"}]),
        "would put a file under '_global_'",
    ),
    "space into phases": (
        good(defaults=[{"/search_spaces@phases": "scales"}]),
        "would put a file under 'phases'",
    ),
    "space into hydra": (
        good(defaults=[{"/search_spaces@hydra.run": "scales"}]),
        "would put a file under",
    ),
    "launcher": (good(defaults=[{"override hydra/launcher": "joblib"}]), "is not an entry"),
    "hydra group": (good(defaults=[{"/hydra/job_logging": "none"}]), "is not an entry"),
    "itself in defaults": (good(defaults=["hostile", "_self_"]), "in a circle"),
    "defaults are text": (good(defaults="scales"), "defaults: must be a list"),
    "defaults are deep": (good(defaults=[["_self_"]]), "is not an entry"),
    "package header": ("# @package hydra.run\n" + good(), "would move its content"),
    "package header of hydra": ("# @package hydra\nsearchpath: [pkg://os]\n", "would move its"),
    "hydra section": (good(hydra={"searchpath": ["file:///"]}), "do not belong here"),
    # swelling and depth
    "billion laughs": (laughs(), "aliases written out"),
    "merge keys": (merging(), "aliases written out"),
    "alias of itself": ("title: &a [*a]\n", "holds itself"),
    "alias of itself as a mapping": ("base: &a {loss: *a}\n", "holds itself"),
    "deep lists": ("title: " + "[" * 5000 + "]" * 5000 + "\n", "nested deeper"),
    "deep mappings": ("a: " + "{a: " * 100 + "1" + "}" * 100 + "\n", "nested deeper"),
    "many keys": ("".join(f"k{i}: 1\n" for i in range(6000)), "holds 12001 values"),
    "fifty keys": (good(**{f"k{i}": 1 for i in range(50)}), "and 25 more; fix these first"),
    "large": ("# " + "x" * 300_000 + "\ntitle: x\n", "is larger than 200 kB"),
    # bytes
    "nul": (b"title: a\0b\n", "cannot be read"),
    "no utf-8": (b"title: \xff\xfe\n", "cannot be read"),
    "utf-16": ("title: x\n".encode("utf-16"), "cannot be read"),
    "control": (b"title: \x1b[2J\n", "cannot be read"),
    "pickle": (b"\x80\x04\x95\x1a\x00cposix\nsystem\n", "cannot be read"),
    "empty documents": ("---\n---\n---\n", "is not YAML"),
    # numbers
    "hex number": (good().replace("seeds: 1", "seeds: 0x" + "f" * 600), "beyond 2**63"),
    "long number": (good().replace("seeds: 1", "seeds: " + "9" * 1900), "beyond 2**63"),
    "endless number": (
        good().replace("seeds: 1", "seeds: " + "9" * 9000),
        "a text of 9000 charact",
    ),
    "large seed": (good(seed=2**70), "seed: a whole number beyond 2**63"),
    "infinite steps": (good(base={"train": {"steps": float("inf")}}), "must be a whole number"),
    "nan ratio": (good(factors={"ratio": {"values": [0.5, float("nan")]}}), "must be a number"),
    "seeds without end": (
        good(phases={"compare": {"design": "one_factor", "seeds": 10**12}}),
        "at most",
    ),
    "trials without end": (
        good(phases={"s": {"design": "search", "trials": 10**15}}),
        "at most",
    ),
    "points without end": (
        good(phases={"p": {"design": "sobol", "trials": 2**40}}),
        "at most",
    ),
    "blocks without end": (
        good(phases={"a": {"design": "blocked", "options": {"points": 4, "blocks": 10**9}}}),
        "at most",
    ),
    "points of a block without end": (
        good(phases={"a": {"design": "blocked", "options": {"points": 2**40, "blocks": 8}}}),
        "at most",
    ),
    "pairs without end": (
        good(base={"data": {"name": "synthetic", "pairs": {"train": 10**12}}}),
        "pairs.train: must",
    ),
    "images without end": (
        good(base={"data": {"name": "synthetic", "size": [10**6, 10**6]}}),
        "data.size: must be",
    ),
    "crop without end": (good(base={"data": {"crop": 10**9}}), "data.crop: must be"),
    "width without end": (good(base={"model": {"width": 10**9}}), "model.width: must be"),
    "batch without end": (good(base={"train": {"batch_size": 10**9}}), "train.batch_size: must be"),
    # names
    "long name of a phase": (
        good(phases={LONG[:1500]: {"design": "one_factor"}}),
        "has at most 64",
    ),
    "endless name of a phase": (good(phases={LONG: {"design": "one_factor"}}), "10000 characters"),
    "endless name of a factor": (good(factors={LONG: {"values": [1, 2]}}), "10000 characters"),
    "endless name of a question": (good(questions={LONG: {}}), "10000 characters"),
    "endless title": (good(title=LONG), "10000 characters"),
    "phase outside": (good(phases={"../../x": {"design": "one_factor"}}), "rename it"),
    "phase absolute": (good(phases={"/etc/x": {"design": "one_factor"}}), "rename it"),
    "phase of dots": (good(phases={"..": {"design": "one_factor"}}), "rename it"),
    "factor outside": (good(factors={"../ratio": {"values": [1, 2]}}), "rename it"),
    "question outside": (good(questions={"../q": {}}), "rename it"),
    "question with a newline": (good(questions={"q\nq": {}}), "questions.q\\nq: a name has"),
    "homoglyph": (good(questions={"qаbf": {}}), "rename it"),  # a Cyrillic а
    "turned direction": (good(phases={"a\u202eb": {"design": "one_factor"}}), "a\\u202eb: a name"),
    "combining marks": (good(phases={"a" + "\u0301" * 500: {}}), "rename it"),
    "wide letters": (good(phases={"ｐhase": {"design": "one_factor"}}), "rename it"),
    "key of bytes": ("? !!binary aGk=\n: 1\n", "b'hi' cannot be a key"),
    "key of a list": ("? [a, b]\n: 1\n", "is not YAML"),
    "key of nothing": ("~: 1\n", "None cannot be a key"),
    "arm of markup": (
        good(**dimension(type="categorical", choices=["<script>", "b"])),
        "setting of a categorical",
    ),
    # expressions
    "call": (expression("open('/etc/passwd')"), "is not allowed"),
    "dunder": (expression("().__class__.__bases__"), "is not allowed"),
    "import": (expression("__import__('os')"), "is not allowed"),
    "wide import": (expression("＿＿import＿＿('os')"), "is not an expression"),
    "deep brackets": (expression("(" * 240 + "1" + ")" * 240), "c.require"),
    "deep lists in an expression": (expression("[" * 90 + "1" + "]" * 90 + " == 1"), "nested deep"),
    "deep minus": (expression("-" * 400 + "1"), "c.require"),
    "deep inside a call": (expression("f(" + "-" * 400 + "1)"), "c.require"),
    "deep comparison": (expression("1" + " + 1" * 120), "nested deeper"),
    "power tower": (expression("9 ** 9 ** 9 > 1"), "c.require: '9 ** 9 ** 9 > 1': cannot be"),
    "repeated text": (expression("'x' * 1000000000 == 'y'"), "cannot be computed"),
    "repeated list": (expression("[1] * 1000000000 == []"), "cannot be computed"),
    "lambda": (expression("(lambda: 1)()"), "is not allowed"),
    "comprehension": (expression("[x for x in y]"), "is not allowed"),
    "walrus": (expression("(a := 1) > 0"), "is not allowed"),
    "format": (expression("f'{levels}' == 'a'"), "is not allowed"),
    "long expression": (expression("1 + " * 300 + "1 > 0"), "longer than 500 characters"),
    "nul in an expression": (expression("levels\0 > 1"), "c.require"),
    "types": (expression("loss.operator * 3 > 1"), "cannot be computed"),
    "when of a circle": (
        good(
            space={
                "dimensions": {
                    "ratio": {"when": "weight_growth > 1"},
                    "weight_growth": {"when": "ratio > 0.3"},
                }
            }
        ),
        "in a circle",
    ),
    "ties of a circle": (
        good(
            factors={
                "ratio": {"values": [0.5, 0.75], "tied_to": "levels"},
                "levels": {"values": [2, 3], "tied_to": "ratio"},
            }
        ),
        "is tied itself",
    ),
    "agreement of a circle": (good(**question(agrees_with="q")), "no other question is called"),
}

# name -> (text of the space file, part of the answer); the study names it
SPACES: dict[str, tuple[str | bytes, str]] = {
    "target": ("dimensions: {a: {_target_: os.system}}\n", "YAML never names code"),
    "python tag": ("title: !!python/object/apply:os.system ['id']\n", "hostile.yaml: line 1"),
    "header": (
        "# @package _global_\nphases: {x: {design: one_factor}}\n",
        "hostile.yaml: the header",
    ),
    "defaults outside": ("defaults: [../../../etc/passwd]\n", "hostile.yaml: defaults"),
    "defaults on top": ("defaults: [{/data@_global_: msrs}]\n", "would put a file under"),
    "itself": ("defaults: [hostile, _self_]\n", "in a circle"),
    "billion laughs": (laughs(), "hostile.yaml: holds"),
    "deep": ("a: " + "[" * 2000 + "]" * 2000, "nested deeper"),
    "interpolation": ("title: ${oc.env:HOME}\n", "refers to another value"),
    "circle": (
        "dimensions:\n"
        "  a: {path: train.steps, type: int, low: 1, high: 9, baseline: 2, when: b > 1}\n"
        "  b: {path: train.batch_size, type: int, low: 1, high: 9, baseline: 2, when: c > 1}\n"
        "  c: {path: data.crop, type: int, low: 8, high: 90, baseline: 9, when: a > 1}\n",
        "in a circle",
    ),
    "list": ("- a\n", "must be a mapping"),
    "dimension outside": ("dimensions: {../a: {type: int}}\n", "rename it"),
    "long name": (f"dimensions:\n  ? {LONG[:1900]}\n  : {{type: int}}\n", "has at most 64"),
    "number": (
        "dimensions: {a: {path: train.steps, type: int, low: 1, high: 0x" + "f" * 99 + "}}\n",
        "beyond 2**63",
    ),
}

OVERRIDES: dict[str, str] = {
    "base.model._target_=os.system": "YAML never names code",
    "+base._target_=os.system": "YAML never names code",
    "++phases.compare.options._partial_=true": "YAML never names code",
    "hydra.searchpath=[file:///]": "no such setting",
    "hydra/launcher=joblib": "is not a usable key",
    "+hydra.run.dir=/tmp": "no such setting",
    "title=${oc.env:HOME}": "refers to another value",
    "data.root=[${oc.env:HOME}]": "refers to another value",
    "space=../../../etc/passwd": "names no space",
    "space=/etc/passwd": "names no space",
    "space=${oc.env:HOME}": "names no space",
    "space=[scales,'; import os']": "names no space",
    "search_spaces@space=a b": "names no space",
    "search_spaces@_global_=scales": "is not a usable key",
    "data=../../../etc/passwd": "no such name as '../../../etc/passwd'",
    "loss=../../x": "no preset is called",
    "executor=os.system": "no executor is called",
    f"{LONG}=1": "no such setting",
    f"title={LONG}": "has 10000 characters, at most",
    f"phases.{LONG}.seeds=1": "phases has no",
    "phases.../x.seeds=1": "is not a usable key",
    "train.steps=" + "9" * 5000: "cannot be composed",
    "train.steps=" + "9" * 400: "beyond 2**63",
    "train.steps=1e999": "must be a whole number",
    "seed=-1": "of at least 0",
    "factors.ratio.values=" + "[" * 200 + "]" * 200: "cannot be composed",
    "factors.ratio.values=[range(1,1000000000)]": "cannot be composed",
    "title=a\nb\x1b[2J": "do not print",
    "a\0b=1": "is not",
    "=": "is not an override",
    "~base": "no such section",
    "~base.data": "cannot be removed",
    "~phases": "phases: is missing",
}
