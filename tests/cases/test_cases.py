"""Inputs on which ablate once fell short (shared/cases): each is now as its case says is right.

The folders are copied, since stores and outputs are written beside the inputs. Cases that train
are slow tests.
"""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from ablate.tracking import ui
from tests.command_line import typed

BESIDE = Path(__file__).resolve().parents[3] / "shared"
CASES = Path(os.environ.get("ABLATE_SHARED", BESIDE)) / "cases"
Ablate = Callable[..., "CompletedProcess[str]"]
pytestmark = pytest.mark.skipif(not CASES.is_dir(), reason=f"needs {CASES}, which is not there")


@pytest.fixture
def case(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy of the case that the test is named after (test_exif_rotated...)."""
    name = request.node.get_closest_marker("case").args[0]
    shutil.copytree(CASES / name, tmp_path / name, symlinks=True)
    for path in (tmp_path, *tmp_path.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | 0o200)
    return tmp_path / name


@pytest.fixture
def ablate(case: Path) -> Ablate:
    """A command typed in the folder of the case."""
    return lambda *words: typed(*map(str, words), cwd=case)


def scores(answer: "CompletedProcess[str]", method: str) -> list[float]:
    line = next(line for line in answer.stdout.splitlines() if line.startswith(f"{method} "))
    return [float(word.rstrip("*")) for word in line.split()[1:]]


@pytest.mark.case("black-frame-wrong-file")
def test_constant_images_are_named_themselves(ablate: Ablate) -> None:
    answer = ablate("data", "verify", "folders", "data")
    assert answer.returncode == 2
    lines = [line for line in answer.stdout.splitlines() if "constant image" in line]
    assert [line.partition(":")[0] for line in lines] == ["ir/5.png", "vi/7.png"]
    assert "2 problems" in answer.stdout


@pytest.mark.case("eval-split-ignored")
def test_a_folder_eval_is_a_split(ablate: Ablate) -> None:
    answer = ablate("data", "verify", "folders", "data")
    assert "data: 9 pairs (train 5, val 1, test 3)" in answer.stdout


@pytest.mark.case("exif-rotated")
def test_a_turned_image_is_scored_upright(ablate: Ablate) -> None:
    assert "6 pairs" in ablate("data", "verify", "folders", "tagged").stdout
    both = [
        ablate(
            "score",
            *("--infrared", f"{kind}/ir", "--visible", f"{kind}/vi"),
            *("--fused", f"turned={kind}/ir", "--metrics", "en,sd"),
        )
        for kind in ("tagged", "upright")
    ]
    turned, upright = (scores(answer, "turned") for answer in both)
    assert turned == pytest.approx(upright, abs=0.02)  # JPEG was written anew
    fused = ("--fused", "upright=upright/vi", "--metrics", "vif")
    answer = ablate("score", "--infrared", "tagged/ir", "--visible", "tagged/vi", *fused)
    assert scores(answer, "upright")[0] > 0.8  # 0.29 upside down


@pytest.mark.case("false-colour-called-swapped")
def test_false_colours_are_not_called_swapped(ablate: Ablate) -> None:
    answer = ablate("data", "verify", "folders", "data")
    assert answer.returncode == 2
    assert "false colours of a palette" in answer.stdout
    assert "use the grey infrared image" in answer.stdout
    assert "swapped" not in answer.stdout


@pytest.mark.case("method-names-cut")
def test_methods_with_long_names_are_told_apart(ablate: Ablate) -> None:
    folder = CASES / "radiometric-16bit" / "eight"
    names = [f"ours_gradient_weight_10_ratio_0.{k}" for k in (5, 7)]
    fused = [
        f"--fused={name}={folder / side}" for name, side in zip(names, ("vi", "ir"), strict=True)
    ]
    sources = ("--infrared", folder / "ir", "--visible", folder / "vi")
    answer = ablate("score", *sources, *fused, "--metrics", "en")
    for name in names:
        assert scores(answer, name)


@pytest.mark.case("radiometric-16bit")
def test_radiometric_images_are_refused_or_scaled_as_said(ablate: Ablate) -> None:
    answer = ablate("data", "verify", "folders", "raw")
    assert answer.returncode == 2
    (line,) = [line for line in answer.stdout.splitlines() if "256 grey levels; choose" in line]
    assert line.startswith("ir/: 6 files, such as 0.png, 1.png, 3.png: 16-bit values 29")
    assert "choose a scaling (data.scaling" in line
    said = "29082 to 30569 (17.7 to 32.5 °C if these are hundredths of a kelvin) become 0 to 255"
    answer = ablate("data", "verify", "folders", "raw", "data.scaling=min_max_set")
    assert answer.returncode == 0
    assert f"infrared: {said}" in answer.stdout
    words = ("--infrared", "raw/ir", "--visible", "raw/vi", "--fused", "f=fu", "--metrics", "vif")
    refused = ablate("score", *words)
    assert refused.returncode == 2
    assert refused.stderr.count("of 256 grey levels") == 1
    scaled = ablate("score", *words, "--scaling", "min_max_set")
    assert said in scaled.stderr
    eight = ("--infrared", "eight/ir", "--visible", "eight/vi")
    expected = scores(ablate("score", *eight, *words[4:]), "f")
    assert scores(scaled, "f") == pytest.approx(expected, rel=0.15)  # 4.6 instead of .9 before
    wrong = ablate("score", *words, "--scaling", "min_max")
    assert wrong.returncode == 2
    assert "did you mean 'min_max_set'?" in wrong.stderr


@pytest.mark.case("silently-dropped-files")
def test_every_image_is_read_and_every_link_that_leads_nowhere_is_said(
    ablate: Ablate, case: Path
) -> None:
    assert "6 pairs" in ablate("data", "verify", "folders", "webp").stdout
    for side in ("ir", "vi"):
        for number in (3, 4, 5):
            (case / "links" / side / f"{number}.png").symlink_to(f"/annex/missing/{number}.png")
    answer = ablate("data", "verify", "folders", "links")
    for side in ("ir", "vi"):
        said = f"links/{side}/: not used: links that lead nowhere (3, such as 3.png)"
        assert said in answer.stdout


@pytest.mark.case("suffix-names")
def test_names_that_say_their_modality_or_method_pair(ablate: Ablate) -> None:
    assert "6 pairs" in ablate("data", "verify", "folders", "pairs").stdout
    sources = ("--infrared", "vifb/IR", "--visible", "vifb/VI")
    answer = ablate("score", *sources, "--fused", "vifb/fused_images", "--metrics", "en")
    assert scores(answer, "DLF")
    assert scores(answer, "CBF")


@pytest.mark.case("verify-mend-not-typeable")
def test_what_verify_offers_can_be_typed(ablate: Ablate) -> None:
    assert ablate("data", "verify", "folders", "data").returncode == 0
    given = ("data.infrared=data/thermal", "data.visible=data/rgb")
    assert ablate("data", "verify", "folders", "data", *given).returncode == 0


@pytest.mark.case("fuse-swapped")
def test_exchanged_folders_are_warned_of(ablate: Ablate) -> None:
    swapped = ("--infrared", "data/vi", "--visible", "data/ir")
    answer = ablate("score", *swapped, "--fused", "m=data/ir", "--metrics", "en")
    assert "probably swapped" in answer.stderr  # fuse: tests/fusing/test_fusing.py


@pytest.mark.case("small-pad-probe")
def test_padding_with_the_probe_is_refused_before_a_run(ablate: Ablate) -> None:
    answer = ablate("check", "pad")
    assert answer.returncode == 2
    assert "data.small" in answer.stderr


@pytest.mark.case("step-not-dividing")
def test_ends_and_baselines_that_a_step_never_reaches_are_refused(ablate: Ablate) -> None:
    answer = ablate("check", "step")
    assert answer.returncode == 2
    assert "0.8" in answer.stderr
    assert "0.4" in answer.stderr


@pytest.mark.slow
@pytest.mark.case("float-step-crash")
@pytest.mark.parametrize("study", ["grid", "qmc"])
def test_stepped_ranges_have_seven_values_with_every_sampler(ablate: Ablate, study: str) -> None:
    for _ in range(2):  # the second has nothing left to do
        answer = ablate("run", study, "--store", "st")
        assert answer.returncode == 0, answer.stderr
        assert "7 of 7 runs finished" in answer.stdout + answer.stderr


@pytest.mark.slow
@pytest.mark.case("list-choices-crash")
@pytest.mark.parametrize("study", ["nsga2", "brute"])
def test_choices_may_be_lists(ablate: Ablate, study: str) -> None:
    answer = ablate("run", study, "--store", "st")
    assert answer.returncode == 0, answer.stderr
    assert "UserWarning" not in answer.stderr


@pytest.mark.slow
@pytest.mark.case("extend-search")
def test_two_more_trials_are_two_more_runs(ablate: Ablate, case: Path) -> None:
    runs = case / "st" / "ext" / "runs"
    assert ablate("run", "ext", "--store", "st").returncode == 0
    before = {path: path.stat().st_mtime_ns for path in runs.glob("*/result.json")}
    assert len(before) == 3
    answer = ablate("run", "ext", "phases.hunt.trials=5", "--store", "st")
    assert answer.returncode == 0, answer.stderr
    assert "5 of 5 runs finished" in answer.stdout
    after = {path: path.stat().st_mtime_ns for path in runs.glob("*/result.json")}
    assert len(after) == 5
    assert before.items() <= after.items()  # none is made anew
    assert ablate("run", "ext", "--more", "1", "--store", "st").returncode == 0
    assert len(list(runs.glob("*/result.json"))) == 6
    words = ("run", "ext@2", "phases.hunt.trials=5", "--store", "st")
    preview = ablate(*words, "--dry-run")
    assert "would make 5 of 5 runs (5 new)" in preview.stdout
    assert "up to 5 of these are taken over from an earlier look" in preview.stdout
    assert ablate(*words).returncode == 0
    made = (case / "st" / "ext@2" / "runs").glob("*/result.json")
    assert {path.stat().st_mtime_ns for path in made} <= set(after.values())  # copies


# ui-orphan and ui-port-taken: tests/tracking/test_server_process.py


@pytest.mark.case("ui-host-403")
def test_the_ui_answers_to_the_names_of_this_machine_and_to_those_of_name() -> None:
    """Decided: with --host, a browser reaches the UI by the names and addresses of this machine.

    Other names (an alias of the lab's DNS, a proxy) need `ablate ui --name`: a server without
    password that answers to every name lets any page which a browser of this machine has open
    read and change the store by a name of its own that resolves to it (DNS rebinding).
    """
    import socket

    assert socket.gethostname() in ui.own_names("0.0.0.0")
    assert "gpu-server.lab.example" not in ui.own_names("0.0.0.0")
    ui.check_names(["gpu-server.lab.example", "*.lab.example"])
