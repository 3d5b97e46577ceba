"""The GPU script runs on a CPU at a tiny size, and its lines fit a terminal."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from benchmarks import gpu, page, results
from benchmarks.page import ROOT

CPU = torch.device("cpu")
TINY = replace(gpu.TINY, repeats=1)


def test_every_part_in_this_process_runs_and_is_right() -> None:
    found: dict[str, Any] = {"rows": [], "measures": []}
    for part in (gpu.of_steps, gpu.of_the_loss, gpu.of_metrics):
        for kind, one in part(TINY, CPU):
            found[kind].append(one)
    made = results.content("gpu", about=gpu.ABOUT, load_before=0, device="x", **found)
    assert results.faults(made) == []
    lines = [gpu.line(one) for some in found.values() for one in some]
    assert max(map(len, lines)) <= 80
    checked = {one["what"]: one for one in found["measures"]}
    assert checked["densefuse fp32: replayed losses differ by"]["value"] == 0
    assert checked["unet bf16: replayed losses differ by"]["value"] == 0
    assert checked["metrics float32: error"]["is_met"]
    assert checked["kernel: loss of a perfect image"]["value"] == 0


def test_without_cuda_it_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(sys, "argv", ["gpu"])
    with pytest.raises(SystemExit, match="2"):
        gpu.main()
    assert "--cpu runs the same path" in capsys.readouterr().err


@pytest.mark.slow
def test_the_whole_script_with_its_workers(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "benchmarks.gpu", "--cpu", "--out", str(tmp_path)]
    said = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    *lines, last = said.splitlines()
    found = json.loads(Path(last).read_text())
    assert results.faults(found) == []
    assert found["made_with"]["device"] == "cpu"
    assert max(map(len, lines)) <= 80
    assert any("steps per second, 2 at a time" in line for line in lines)
    assert any("nothing is captured" in note for note in found["notes"])


def test_the_page_says_that_no_gpu_was_at_hand_until_there_was_one() -> None:
    made = results.content(
        "gpu",
        about="All.",
        load_before=0,
        rows=[],
        measures=[results.measure("memory", unit="MiB", values=[1.0])],
    )
    on_a_gpu = {**made, "made_with": {**made["made_with"], "device": "nvidia-h200"}}
    assert "No GPU was at hand" in page.page([], files=[])
    assert "No GPU was at hand" in page.page([made], files=["x.json"])
    assert "No GPU was at hand" not in page.page([on_a_gpu], files=["x.json"])
