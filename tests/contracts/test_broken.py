"""A user's member that breaks its contract is told by file, line, what is broken and the mend."""

import json
import textwrap
from pathlib import Path
from typing import Any

import pytest

from ablate.contracts.plugged import examine
from tests.command_line import typed
from tests.plugged import forgetting as forgetting

pytestmark = pytest.mark.usefixtures("forgetting")
METRIC = """
import torch
from ablate.metrics.contract import METRICS, Metric

@METRICS.register("mine")
class Mine(Metric):
    label, better, range, source = "mine", "higher", (0.0, 255.0), "own"

    def score(self, images, *, protocol, dtype):
        {body}
"""
PENALTY = """
import torch
from ablate.losses.penalty import PENALTIES

@PENALTIES.register("mine")
def mine(difference):
    {body}
"""
NETWORK = """
import torch
from torch import nn
from ablate.models.contract import MODELS, FusionNetwork

@MODELS.register("mine")
class Mine(FusionNetwork):
    source = "own"

    def __init__(self):
        super().__init__()
        self.layer = nn.Conv2d(2, 1, 3, padding=1)
        {make}

    def fuse(self, *, infrared, visible):
        both = self.layer(torch.cat([infrared, visible], 1))
        {body}
"""
DATA = """
import numpy as np
from ablate.data.contract import DATASETS
from ablate.data.manifest import Manifest
from ablate.data.pairs import Pair, PairSet

@DATASETS.register("mine")
def mine():
    splits = {{"train": ("a",), "val": ("b",), "test": ("c",)}}
    def read(stem):
        image = np.zeros((40, 40), np.uint8)
        {body}
    return PairSet(splits=splits, read=read, manifest=Manifest(label="mine", files={files}, splits=splits))
"""
FIGURE = """
import pandas as pd
from ablate.report import theme
from ablate.report.figures import FIGURES, NotDrawn

@FIGURES.register("mine")
class Mine:
    section, number, title, caption = "{section}", 9, "Mine", "{caption}"

    def numbers(self, contents):
        {numbers}

    def draw(self, contents, numbers):
        {draw}
"""
EXECUTOR = """
from ablate.execution.protocol import EXECUTORS
from ablate.execution.worker import work

@EXECUTORS.register("mine")
class Mine:
    def __init__(self, *, decide, slots=1):
        self.slots = slots
        self.waiting = []

    def submit(self, spec, folder):
        self.waiting.append((spec, folder))

    def poll(self, timeout_s):
        {poll}

    def close(self):
        pass
"""
TASK = """
from dataclasses import dataclass
import torch
from torch import nn
from ablate.data.items import Items
from ablate.data.manifest import Manifest
from ablate.training.tasks.contract import TASKS, Measure, Task

@TASKS.register("mine")
@dataclass(frozen=True, kw_only=True)
class Mine(Task):
    measures = {{"error": Measure(label="error", better="lower", range=(0, {high}))}}

    def examples(self):
        splits = {{"train": ("a", "b", "c"), "val": ("d",), "test": ("e", "f")}}
        return Items(content=None, manifest=Manifest(label="mine", files={{"x": {hash}}}, splits=splits))

    def fit(self, run):
        model, seen = nn.Linear(1, 1), []
        def loss(step):
            x = torch.full((1, 1), {input})
            return (model(x) - x).square().mean()
        def score(names):
            return {{"error": {score}}}
        return run.fit(model, loss=loss, score=score)
"""
GOOD_TASK = {
    "high": "float('inf')",
    "hash": "'1'",
    "input": "step / 8",
    "score": "[model(torch.ones(1, 1)).square().item()] * len(names)",
}
GOOD_FIGURE = {
    "section": "health",
    "caption": "A dot.",
    "numbers": "return contents.runs[['arm', 'test/qabf']]",
    "draw": "return theme.figure(rows=1, columns=1, height_in=2.0)[0]",
}
GOOD_METRIC = "return images.fused.to(dtype).mean(dim=(-2, -1))"
GOOD_NETWORK = {"make": "pass", "body": "return torch.sigmoid(both)"}


def written(text: str, **parts: str) -> str:
    Path("plugins").mkdir()
    Path("plugins/mine.py").write_text(textwrap.dedent(text).format(**parts), encoding="utf-8")
    return text


def broken() -> list[str]:
    (finding,) = examine()
    assert not finding.unchecked
    return finding.lines()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (GOOD_METRIC, ""),
        ("return images.fused.to(dtype).mean()", "3 images gave [], not the shape [3]"),
        ("return images.fused.float().mean(dim=(-2, -1))", "returned torch.float32 where"),
        ("return images.fused.to(dtype).mean(dim=(-2, -1)) * 9", "outside its range (0.0, 255.0)"),
        ("return images.fused.to(dtype).mean().expand(images.batch)", "keep images apart"),
        ("return 0 * images.fused.to(dtype).mean(dim=(-2, -1)) + torch.nan", "only 0/0 may be NaN"),
        (
            "images.fused.zero_(); return images.fused.to(dtype).mean(dim=(-2, -1))",
            "work on a copy",
        ),
        ("v = images.fused.to(dtype).std(dim=(-2, -1)); return 1 / v", "return NaN for 0/0"),
        (
            "v = images.fused.to(dtype).std(dim=(-2, -1)); assert (v > 0).all(), 'flat'; return v",
            "raises AssertionError on all images constant: flat; let 0/0 be NaN",
        ),
        ("return images.nothing", "stopped its check in line 10: AttributeError"),
    ],
)
def test_a_metric(body: str, said: str) -> None:
    written(METRIC, body=body)
    lines = broken()
    assert bool(lines) == bool(said), lines
    assert all(line.startswith("plugins/mine.py:5: metric 'mine': ") for line in lines)
    assert not said or said in lines[0]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("return difference.abs()", ""),
        ("return difference.detach().abs()", "no gradient of it reaches the fused image"),
        ("return torch.sqrt(difference.square())", "its gradient is not finite on flat images"),
        ("return difference.abs() / difference.abs().amax()", "on flat images; keep it finite"),
        ("return difference.abs() * torch.rand(1)", "gives another value for the same images"),
    ],
)
def test_a_step_of_the_loss(body: str, said: str) -> None:
    written(PENALTY, body=body)
    lines = broken()
    assert bool(lines) == bool(said), lines
    assert all(line.startswith("plugins/mine.py:5: ") for line in lines)
    assert not said or any(said in line for line in lines), lines


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({}, ""),
        ({"body": "return both[..., ::2, ::2]"}, "64x64 images gave"),
        ({"body": "return both * 3"}, "outside [0, 1]; end with torch.sigmoid"),
        ({"body": "return torch.sigmoid(both).detach()"}, "its output carries no gradient"),
        (
            {"body": "return infrared * 1 + 0 * both.detach() + self.layer.bias * 0"},
            "no gradient reaches layer.weight",
        ),
        (
            {
                "make": "self.shift = torch.rand(1)",
                "body": "return torch.sigmoid(both + self.shift)",
            },
            "two networks of one seed differ",
        ),
        ({"make": "del self.layer; self.layer = lambda x: x[:, :1]"}, "has nothing to train"),
        (
            {
                "make": "self.norm = nn.BatchNorm2d(1)",
                "body": "return torch.sigmoid(self.norm(both))",
            },
            "",
        ),
        (
            {
                "make": "self.norm = nn.BatchNorm2d(1)",
                "body": "return torch.sigmoid(self.norm.train()(both))",
            },
            "in evaluation mode fusing changes norm.running_mean, norm.running_var",
        ),
        (
            {"body": "return torch.sigmoid(both - both.mean())"},
            "in evaluation mode a pair in a batch is fused differently than alone",
        ),
    ],
)
def test_a_network(parts: dict[str, str], said: str) -> None:
    written(NETWORK, **{**GOOD_NETWORK, **parts})
    lines = broken()
    assert bool(lines) == bool(said), lines
    assert all(line.startswith("plugins/mine.py:6: model 'mine': ") for line in lines)
    assert not said or any(said in line for line in lines), lines


@pytest.mark.parametrize(
    ("body", "files", "said"),
    [
        ("return Pair(stem=stem, infrared=image, visible=image)", "{'g': '1'}", ""),
        (
            "return Pair(stem=stem, infrared=image, visible=image[1:])",
            "{'g': '1'}",
            "register them",
        ),
        ("return Pair(stem=stem, infrared=image / 1, visible=image)", "{'g': '1'}", "return uint8"),
        ("return Pair(stem='a', infrared=image, visible=image)", "{'g': '1'}", "gave the pair 'a'"),
        (
            "return Pair(stem=stem, infrared=image, visible=np.random.default_rng().integers(0, 255, image.shape, np.uint8))",
            "{'g': '1'}",
            "read twice has two contents",
        ),
        (
            "return Pair(stem=stem, infrared=image, visible=image)",
            "{}",
            "its manifest hashes nothing",
        ),
        (
            "return Pair(stem=stem, infrared=image, visible=image)",
            "{'g': str(np.random.default_rng().random())}",
            "two manifest hashes",
        ),
    ],
)
def test_a_data_set(body: str, files: str, said: str) -> None:
    written(DATA, body=body, files=files)
    lines = broken()
    assert bool(lines) == bool(said), lines
    assert all(line.startswith("plugins/mine.py:7: data set 'mine': ") for line in lines)
    assert not said or any(said in line for line in lines), lines


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({}, ""),
        ({"section": "middle"}, "section is 'middle'; use one of first, answers"),
        ({"caption": ""}, "declares no caption"),
        ({"numbers": "return NotDrawn(False)"}, "give it a sentence that says why not"),
        ({"numbers": "return [1]"}, "numbers returned a list"),
        ({"numbers": "return contents.runs[:0]"}, "has no numbers for a study with answers"),
        ({"draw": "return 3"}, "draw returned 3; return a matplotlib Figure"),
        ({"numbers": "contents.runs['x'] = 1; return contents.runs"}, "changes the table of runs"),
        ({"numbers": "return contents.runs['nothing']"}, "in line 11: KeyError"),
    ],
)
def test_a_figure(parts: dict[str, str], said: str) -> None:
    written(FIGURE, **{**GOOD_FIGURE, **parts})
    lines = broken()
    assert bool(lines) == bool(said), lines
    assert all(line.startswith("plugins/mine.py:6: figure 'mine': ") for line in lines)
    assert not said or any(said in line for line in lines), lines


@pytest.mark.parametrize(
    ("poll", "said"),
    [
        (
            "some, self.waiting = self.waiting, []; return [work(*one, ask=None) for one in some]",
            "",
        ),
        (
            "return [work(*one, ask=None) for one in self.waiting]",
            "every run that was submitted, once",
        ),
        (
            "some, self.waiting = self.waiting, []; return [one[0].run_id for one in some]",
            "poll returned a str",
        ),
        ("return []", "0 of 3 runs that had ended before came back"),
    ],
)
def test_an_executor(poll: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ablate.contracts.executors.WITHIN_S", 0.3)
    written(EXECUTOR, poll=poll)
    lines = broken()
    assert bool(lines) == bool(said), lines
    assert all(line.startswith("plugins/mine.py:5: executor 'mine': ") for line in lines)
    assert not said or any(said in line for line in lines), lines


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({}, ""),
        ({"hash": "str(torch.rand(1).item())"}, "two manifest hashes"),
        ({"high": "1e-9"}, "outside its range (0, 1e-09)"),
        ({"score": "[0.5]"}, "score: 'error' has 1 values for 2 items of test"),
        (
            {"score": "[0.5] * len(names), 'more': [0.5] * len(names)"},
            "'more' is not among the declared",
        ),
        (
            {"score": "[__import__('time').perf_counter_ns() % 997] * len(names)"},
            "two runs of one seed differ",
        ),
        (
            {"input": "float(seen.append(step) or len(seen))"},
            "a run that was interrupted and went on differs",
        ),
        ({"input": "1 / (step - step)"}, "a run of 4 steps failed: ZeroDivisionError"),
    ],
)
def test_a_task(parts: dict[str, str], said: str) -> None:
    written(TASK, **{**GOOD_TASK, **parts})
    lines = broken()
    assert bool(lines) == bool(said), lines
    assert all(line.startswith("plugins/mine.py:9: task 'mine': ") for line in lines)
    assert not said or any(said in line for line in lines), lines


@pytest.mark.parametrize(
    ("name", "declared", "said"),
    [
        (
            "x" * 251,
            'label = "m"; better = "higher"; range = (0, 1); source = "own"',
            "its name must be lower-case letters, digits and _, at most 100; it has 251 characters",
        ),
        ("Mine", 'label = "m"; better = "higher"; range = (0, 1); source = "own"', "lower-case"),
        (
            "mine",
            'label = "m"; range = (0, 1); source = "own"',
            "Mine declares no better; add better",
        ),
        (
            "mine",
            'label = "m"; better = "up"; range = (0, 1); source = "own"',
            "better must be 'higher' or 'lower', got 'up'",
        ),
        (
            "qabf",
            'label = "Q"; better = "lower"; range = (0, 1); source = "own"',
            "choose another name",
        ),
    ],
)
def test_a_metric_is_declared_when_it_is_registered(name: str, declared: str, said: str) -> None:
    written(
        f"""
        from ablate.metrics.contract import METRICS, Metric

        @METRICS.register({name!r})
        class Mine(Metric):
            {declared}
        """
    )
    done = typed("check", ".", cwd=Path.cwd())
    assert done.returncode == 2
    assert done.stderr.startswith("plugins/mine.py:4: "), done.stderr
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_check_tells_members_and_studies_together_and_in_json() -> None:
    written(METRIC, body="return images.fused.to(dtype).mean()")
    Path("studies").mkdir()
    Path("studies/bad.yaml").write_text(
        "# @package _global_\ntitle: T\nphases: {a: {design: nope}}\n"
    )
    told = typed("check", ".", "--json", cwd=Path.cwd())
    assert told.returncode == 2
    content: dict[str, Any] = json.loads(told.stdout)
    assert any("no design is called 'nope'" in line for line in content["faults"])
    assert any(
        line.startswith("plugins/mine.py:5: metric 'mine': 3 images") for line in content["faults"]
    )
    plain = typed("check", ".", cwd=Path.cwd())
    assert plain.returncode == 2
    assert plain.stderr.splitlines() == content["faults"]


def test_a_member_whose_settings_are_not_known_is_not_checked_and_that_is_said() -> None:
    text = written(
        DATA.replace("def mine():", "def mine(*, root):"),
        body="return Pair(stem=stem, infrared=image, visible=image)",
        files="{{'g': '1'}}",
    )
    assert "root" in text
    (finding,) = examine()
    assert finding.broken == ()
    assert "its settings root have no default" in finding.unchecked
    (finding,) = examine([{"data": {"name": "mine", "root": "x", "crop": 32}}])
    assert not finding.unchecked
