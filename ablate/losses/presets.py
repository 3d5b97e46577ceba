"""`preset: NAME` in a loss section: the settings of a published loss, and what contradicts them."""

from collections.abc import Mapping
from typing import Any

from ablate.errors import nearest
from ablate.losses.catalogue.contract import CATALOGUE
from ablate.settings.loss import LossSettings
from ablate.settings.setting import settings_of

KEYS = ("preset", "mix")
MIXES = settings_of(LossSettings)["mix"].choices


def resolve(settings: Mapping[str, Any], *, term: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings with a preset written out; as they are where `preset_faults` objects.

    The preset fixes the whole gradient term. Intensity, SSIM and the weights stay those of the
    study, unless `mix: published` asks for the repository's.

    Args:
        settings: The loss section.
        term: The settings of the gradient term with their defaults.
    """
    rest = {name: value for name, value in settings.items() if name not in KEYS}
    if "preset" not in settings:
        return rest if settings.get("mix", "own") == "own" else dict(settings)
    if preset_faults(settings, term=term):
        return dict(settings)
    published = CATALOGUE.get(settings["preset"])()
    mix = published.mix if settings.get("mix") == "published" else {}
    return {**rest, **term, **published.term, **mix}


def preset_faults(
    settings: Mapping[str, Any],
    *,
    term: Mapping[str, Any],
    mix: Mapping[str, Any] | None = None,
) -> list[str]:
    """Return what is wrong with preset and mix, one line each.

    A setting that a preset fixes may be absent, at its default (as files fill it in) or at the
    preset's own value.

    Args:
        settings: The loss section.
        term: The settings of the gradient term with their defaults.
        mix: The settings of the mix with their defaults; None: not compared.
    """
    asked = settings.get("mix", "own")
    if asked not in MIXES:
        return [f"loss.mix: {asked!r} is unknown; {nearest(str(asked), MIXES)}"]
    name = settings.get("preset")
    if "preset" not in settings:
        if asked == "own":
            return []
        return ["loss.mix: published is the mix of a preset; name one with loss.preset"]
    if not isinstance(name, str) or name not in CATALOGUE:
        return [f"loss.preset: {name!r} is unknown; {nearest(str(name), CATALOGUE)}"]
    published = CATALOGUE.get(name)()
    if asked == "published" and not published.mix:
        return [f"loss.mix: {name} has no mix in these terms; write mix: own and the weights"]
    fixed = {**term, **published.term}
    defaults = dict(term)
    if asked == "published" and mix is not None:
        fixed.update(published.mix)
        defaults.update({key: mix[key] for key in published.mix})
    return [
        f"loss.{key}: {settings[key]!r} contradicts loss.preset: {name}, which fixes it at "
        f"{value!r}; remove one of the two"
        for key, value in fixed.items()
        if key in settings and _plain(settings[key]) not in (_plain(defaults[key]), _plain(value))
    ]


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
