"""A metric of a user's own, from its registration to a run."""

import textwrap
from pathlib import Path

import pytest
import torch

from ablate import metrics, plugins
from ablate.errors import ShapeError
from ablate.metrics.statistics import SourceStatistics
from ablate.training.loop import _reason
from tests.plugged import forgetting as forgetting

PLUG_IN = """
from ablate.metrics.contract import METRICS, Metric

FACTOR = {factor}

@METRICS.register("span")
class Span(Metric):
    label, better, range, source = "span", "lower", (0.0, 255.0), "own"

    def score(self, images, *, protocol, dtype):
        first, second = images.of_sources("span", lambda source: (source.to(dtype).std() * FACTOR,))
        return {value}
"""
GOOD = "(first[0] - second[0]).abs().expand(images.batch)"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, forgetting: None) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def plug_in(factor: int = 1, value: str = GOOD) -> None:
    text = textwrap.dedent(PLUG_IN).format(factor=factor, value=value)
    Path("plugins").mkdir(exist_ok=True)
    Path("plugins/span.py").write_text(text)
    plugins.load()


def span(statistics: SourceStatistics | None = None) -> float:
    levels = torch.arange(48 * 48, dtype=torch.uint8).view(1, 1, 48, 48)
    found = metrics.evaluate(
        infrared=levels,
        visible=levels // 2,
        fused=levels,
        names=["span", "vif"],
        statistics=statistics,
    )
    return float(found["span"])


def test_what_it_computes_of_the_sources_is_not_kept_beyond_the_process(tmp_path: Path) -> None:
    plug_in()
    assert span(SourceStatistics(tmp_path / "kept")) == span() > 0
    names = [path.name for path in (tmp_path / "kept").iterdir()]
    assert any(name.endswith("-vif.safetensors") for name in names)
    assert not any("span" in name for name in names)


def test_a_wrong_shape_is_refused_where_it_is_used() -> None:
    plug_in(value="first[0]")
    with pytest.raises(ShapeError, match=r"metric 'span': gave the shape \[\] for 1 images"):
        span()


def test_a_run_that_fails_inside_it_says_in_which_line() -> None:
    plug_in(value="images.nothing")
    with pytest.raises(AttributeError) as caught:
        span()
    assert _reason(caught.value).endswith("(plugins/span.py:12)")


def test_an_error_elsewhere_names_no_plug_in() -> None:
    plug_in()
    assert _reason(RuntimeError("no")) == "error: no"
