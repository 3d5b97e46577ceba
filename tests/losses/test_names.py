"""Names and parameters of plug-ins, read from their source."""

import inspect
import subprocess
import sys

import pytest

from ablate.imaging.gradients import OPERATORS
from ablate.imaging.laplacians import LAPLACIANS
from ablate.imaging.resample import RESAMPLERS
from ablate.losses import names
from ablate.losses.components import COMPONENTS
from ablate.losses.names import PLUGGED, is_laplacian, takes
from ablate.losses.penalty import PENALTIES
from ablate.losses.selection import SELECTIONS
from ablate.registry import Registry, declared, first_line

REGISTRIES = {
    "OPERATORS": OPERATORS,
    "LAPLACIANS": LAPLACIANS,
    "RESAMPLERS": RESAMPLERS,
    "COMPONENTS": COMPONENTS,
    "PENALTIES": PENALTIES,
    "SELECTIONS": SELECTIONS,
}


@pytest.mark.parametrize(
    ("module", "registry"), [place for places in PLUGGED.values() for place in places]
)
def test_what_is_read_from_the_source_is_what_is_registered(module: str, registry: str) -> None:
    members: Registry[object] = REGISTRIES[registry]  # type: ignore[assignment]
    code = f"from ablate.registry import declared; print(dict(declared({module!r}, {registry!r})))"
    read = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    expected = {
        name: tuple(
            p.name
            for p in inspect.signature(members.get(name)).parameters.values()  # type: ignore[arg-type]
            if p.kind is p.KEYWORD_ONLY
        )
        for name in members
    }
    assert dict(declared(module, registry)) == expected
    assert sorted(read.stdout) == sorted(str(expected) + "\n")


def test_every_member_says_in_a_line_what_it_does() -> None:
    for members in REGISTRIES.values():
        for name in members:
            assert 15 < len(first_line(members.get(name))) < 100, name


def test_parameters_say_what_a_member_takes() -> None:
    assert takes("penalty", "huber", "knee")
    assert not takes("penalty", "l1", "knee")
    assert not takes("penalty", "no such", "knee")
    assert takes("operator", "laplacian", "gain")
    assert not takes("operator", "forward", "gain")
    assert is_laplacian("laplacian8")
    assert not is_laplacian("sobel")
    assert not is_laplacian(["sobel"])


def test_the_first_name_of_every_setting_is_its_default() -> None:
    from ablate.losses.settings import DEFAULTS

    for setting, known in names().items():
        if setting not in ("preset", "mix"):
            assert known[0] == DEFAULTS[setting]
