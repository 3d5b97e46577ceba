"""Names of the steps of the loss, and what they take."""

from ablate.imaging.gradients import OPERATORS
from ablate.imaging.laplacians import LAPLACIANS
from ablate.imaging.resample import RESAMPLERS
from ablate.losses import names
from ablate.losses.components import COMPONENTS
from ablate.losses.penalty import PENALTIES
from ablate.losses.selection import SELECTIONS
from ablate.losses.settings import defaults
from ablate.registry import first_line
from ablate.settings.loss import LossSettings, is_laplacian, of_steps, takes

REGISTRIES = (OPERATORS, LAPLACIANS, RESAMPLERS, COMPONENTS, PENALTIES, SELECTIONS)


def test_every_member_says_in_a_line_what_it_does() -> None:
    for members in REGISTRIES:
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


def test_the_first_name_of_every_setting_is_what_its_absence_means() -> None:
    for setting, known in names().items():
        if setting not in ("preset", "mix"):
            assert known[0] == defaults()[setting]


def test_a_setting_of_a_step_stands_in_the_file_of_the_step() -> None:
    assert set(of_steps()) == {"knee", "gate_slope"}
    settings = LossSettings(penalty="huber", of_steps={"knee": 0.3})
    assert settings.options("penalty") == {"knee": 0.3}
    assert settings.options("selection") == {}
    assert LossSettings(selection="soft").options("selection") == {"gate_slope": 4.0}
