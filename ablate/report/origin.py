"""Where the numbers come from, as a table: code, machine, data, stores, the command."""

from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

from ablate.analysis.published import StudyFacts
from ablate.published import Device, Provenance, ReferenceFacts, Settings
from ablate.report.contents import Contents
from ablate.report.values import run_link
from ablate.tables import Cell, Table, table

UNKNOWN = "not published (a study of an earlier version)"


def origin_table(contents: Contents) -> Table:
    """Subject and facts; whatever a study did not publish is named as unknown."""
    facts, origin = contents.facts, contents.facts.provenance
    if facts.chosen_on:
        return table(("what", "facts"), _from_elsewhere(contents))
    data = origin.data
    about = [
        f"{name}: {text}"
        for name, text in (("source", data.source), ("licence", data.licence))
        if text
    ]
    rows: list[tuple[str, str | Cell]] = [
        ("command", origin.command or UNKNOWN),
        ("design", f"hash {facts.design_hash}, stored before the first run"),
        ("code", _code(origin, facts)),
        ("device", _device(origin.device)),
        ("processor", _processor(origin)),
        ("threads", _threads(origin)),
        (
            "arithmetic",
            _listed(
                f"{name.replace('_', ' ')}: {'yes' if on else 'no'}"
                for name, on in origin.determinism.items()
            ),
        ),
        ("data", ", ".join([f"{facts.data_label}, manifest {facts.data_hash}", *about])),
        ("splits", _splits(origin)),
        *_references(facts),
        ("metrics", f"{facts.protocol}, hash {facts.protocol_hash}"),
        ("Optuna", _named({"study ": origin.optuna.study, "": origin.optuna.storage})),
        ("MLflow", _mlflow(contents)),
    ]
    return table(("what", "facts"), rows)


def _from_elsewhere(contents: Contents) -> list[tuple[str, str]]:
    facts = contents.facts
    return [
        ("runs", f"{len(contents.runs)} from elsewhere ({facts.study}), none of them seen here"),
        ("design", "none: the question was asked of finished runs"),
        ("weights and settings", f"chosen on: {facts.chosen_on}, as it was said"),
        ("data", facts.data_label),
        ("metrics", facts.protocol),
    ]


def package_table(contents: Contents) -> Table:
    """The packages that the numbers were made with, and their versions."""
    packages = contents.facts.provenance.packages
    return table(("package", "version"), [[name, text] for name, text in packages.items()])


def _code(origin: Provenance, facts: StudyFacts) -> str:
    hashes = {
        "program hash ": origin.program_hash,
        "hash of what moves numbers ": origin.code_hash,
    }
    revision = origin.revision or facts.revision or UNKNOWN
    known = [f"{label}{value}" for label, value in hashes.items() if value]
    return ", ".join([f"git {revision}", *known])


def _device(device: Device | None) -> str:
    if device is None:
        return UNKNOWN
    parts: list[tuple[str, str | int | None]] = [
        ("", device.name),
        ("", device.gpu),
        ("torch ", device.torch),
        ("CUDA ", device.cuda),
        ("cuDNN ", device.cudnn),
        ("driver ", device.driver),
    ]
    return _listed(f"{label}{value}" for label, value in parts if value)


def _processor(origin: Provenance) -> str:
    if origin.cpu is None:
        return UNKNOWN
    used = f"torch uses {origin.cpu.used}; flags {' '.join(origin.cpu.flags)}"
    return f"{origin.cpu.kind}, {origin.machine}, {origin.system}; {used}"


def _threads(origin: Provenance) -> str:
    if origin.executor is None:
        return UNKNOWN
    slots = origin.executor.slots
    return (
        f"{origin.threads_per_run} per run; executor {origin.executor.name} with "
        f"{slots} slot{'s' * (slots != 1)}; Python {origin.python}"
    )


def _splits(origin: Provenance) -> str:
    data = origin.data
    if data.splits is None:
        return UNKNOWN
    words = ", ".join(f"{split} {found}" for split, found in data.splits.items())
    file = f"; from the file {data.split_file}" if data.split_file else ""
    return f"hash of the names: {words}{file}; resampled per block by split_seed in tables/runs.csv"


def _references(facts: StudyFacts) -> list[tuple[str, str | Cell]]:
    """The row on references; none where the study names none."""
    if facts.references_left_out:
        return [("references", f"not scored: {facts.references_left_out}")]
    scored = [_reference(one) for one in facts.references]
    return [("references", "; ".join(scored))] if scored else []


def _reference(one: ReferenceFacts) -> str:
    if one.kind == "images":
        return f"{one.name}: {one.images} images, hash {one.hash}"
    return f"{one.name}: weights {one.hash} in {_settings(one.model)}"


def _settings(model: Settings) -> str:
    rest = ", ".join(f"{key} {value}" for key, value in model.items() if key != "name")
    return f"{model['name']} ({rest})" if rest else str(model["name"])


def _mlflow(contents: Contents) -> Cell:
    address = contents.facts.tracking_uri
    if address.startswith("sqlite:"):
        address = PurePosixPath(address).name  # no path of a machine on a page that is passed on
    link = (run_link(contents, "study", "study run"),) if contents.links else ()
    return Cell(text=f"experiment {contents.facts.study}, {address}", links=link)


def _named(facts: Mapping[str, str]) -> str:
    return _listed(f"{label}{value}" for label, value in facts.items() if value)


def _listed(parts: Iterable[str]) -> str:
    return ", ".join(parts) or UNKNOWN
