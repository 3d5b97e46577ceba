"""Names of sources in settings, and back: what is exchanged and what stays."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ablate.settings.loss import LossSettings, loss_settings
from ablate.settings.setting import settings_of
from ablate.settings.sources import (
    INFRARED_VISIBLE,
    KNOWN,
    Sources,
    fault_of,
    reserved,
    sources_of,
)

names = st.from_regex(r"[A-Z][A-Za-z0-9]{2,8}", fullmatch=True)
SETTINGS: dict[str, Any] = {
    "data": {"name": "harvard", "root": "/data/visible"},
    "model": {"name": "visible_net", "output": "visible"},
    "loss": {
        "selection": "infrared",
        "tied_target": "visible",
        "terms": {
            "infrared_edges": {"kind": "ssim", "to": "visible", "infrared_share": 0.7},
            "detail": {"kind": "total_variation", "of": "fused_minus_infrared"},
            "seen": {"kind": "perceptual", "weights": "visible/vgg.pth"},
        },
    },
    "train": {"stages": [{"loss": {"selection": "visible"}}], "initial_weights": "visible"},
}


def test_names_stand_where_places_stood_and_texts_of_people_stay() -> None:
    named = Sources("MRI", "PET").in_names(SETTINGS)
    assert named["model"] == {"name": "visible_net", "output": "PET"}
    assert named["loss"]["selection"] == "MRI"
    terms = named["loss"]["terms"]
    assert terms["MRI_edges"] == {"kind": "ssim", "to": "PET", "MRI_share": 0.7}
    assert terms["detail"]["of"] == "fused_minus_MRI"
    assert terms["seen"]["weights"] == "visible/vgg.pth"
    assert named["train"] == {
        "stages": [{"loss": {"selection": "PET"}}],
        "initial_weights": "visible",
    }


@given(first=names, second=names)
def test_what_is_named_is_found_in_its_place_again(first: str, second: str) -> None:
    both = Sources(first, second)
    if fault_of(list(both)):
        return
    named = {part: both.in_names(SETTINGS[part]) for part in ("model", "loss", "train")}
    found = both.in_places({"data": SETTINGS["data"], **named})
    edges = f"{first}_edges"  # the name of a term is its own
    terms = {("infrared_edges" if k == edges else k): v for k, v in found["loss"]["terms"].items()}
    assert {**found, "loss": {**found["loss"], "terms": terms}} == SETTINGS


def test_a_swapped_pair_is_exchanged_at_once() -> None:
    both = Sources("visible", "infrared")
    assert both.in_names(["infrared", "visible"]) == ["visible", "infrared"]


def test_infrared_and_visible_leave_everything_as_it_is() -> None:
    assert INFRARED_VISIBLE.in_names(SETTINGS) is SETTINGS
    assert INFRARED_VISIBLE.in_places(SETTINGS) == SETTINGS


def test_a_data_set_has_sources_of_its_own() -> None:
    assert sources_of({"name": "harvard"}) == ("MRI", "PET")
    assert sources_of({"name": "mefb"}) == ("under", "over")
    assert sources_of({"name": "harvard", "sources": ["CT", "MRI"]}) == ("CT", "MRI")
    for data in ({"name": "msrs"}, {"name": "synthetic"}, {"name": "unheard_of"}, None, "msrs"):
        assert sources_of(data) == INFRARED_VISIBLE


def test_no_usual_name_is_a_word_of_the_settings() -> None:
    assert not reserved() & set(KNOWN)
    assert {"max", "gate", "sigmoid", "share", "soft", "fused"} <= reserved()
    choices = {word for one in loss_settings().values() for word in one.choices}
    assert choices - set(INFRARED_VISIBLE) <= reserved()
    assert set(settings_of(LossSettings)) <= reserved()
