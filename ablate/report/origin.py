"""Where the numbers come from, as rows for a page: code, machine, data, stores, the command."""

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from ablate.report.contents import Contents
from ablate.report.grid import Cell, Grid, grid, run_link

UNKNOWN = "not published (a study of an earlier version)"


def origin_grid(contents: Contents) -> Grid:
    """Return subject and facts; what a study did not publish is said to be unknown."""
    facts = contents.facts
    origin: Mapping[str, Any] = facts.get("provenance", {})
    device, data = origin.get("device", {}), origin.get("data", {})
    rows: list[tuple[str, str | Cell]] = [
        ("command", str(origin.get("command", UNKNOWN))),
        ("design", f"hash {facts['design_hash']}, stored before the first run"),
        ("code", _code(origin, facts)),
        (
            "device",
            _words(
                device,
                {
                    "name": "",
                    "gpu": "",
                    "torch": "torch ",
                    "cuda": "CUDA ",
                    "cudnn": "cuDNN ",
                    "driver": "driver ",
                },
            ),
        ),
        ("processor", _processor(origin)),
        ("threads", _threads(origin)),
        (
            "arithmetic",
            ", ".join(
                f"{name.replace('_', ' ')}: {'yes' if on else 'no'}"
                for name, on in origin.get("determinism", {}).items()
            )
            or UNKNOWN,
        ),
        (
            "data",
            f"{facts['data_label']}, manifest {facts['data_hash']}"
            + "".join(
                f", {name}: {data[name]}" for name in ("source", "licence") if data.get(name)
            ),
        ),
        ("splits", _splits(data)),
        *_references(facts),
        ("metrics", f"{facts['protocol']}, hash {facts['protocol_hash']}"),
        ("Optuna", _words(origin.get("optuna", {}), {"study": "study ", "storage": ""})),
        ("MLflow", _mlflow(contents)),
        (
            "packages",
            ", ".join(f"{n} {v}" for n, v in origin.get("packages", {}).items()) or UNKNOWN,
        ),
    ]
    return grid(("what", "facts"), rows)


def _code(origin: Mapping[str, Any], facts: Mapping[str, Any]) -> str:
    revision = str(origin.get("revision", facts.get("revision", UNKNOWN)))
    hashes = {"program_hash": "program hash ", "code_hash": "hash of what moves numbers "}
    parts = [f"git {revision}", _words(origin, hashes)]
    return ", ".join(part for part in parts if part and part != UNKNOWN)


def _processor(origin: Mapping[str, Any]) -> str:
    cpu = origin.get("cpu")
    if not cpu:
        return UNKNOWN
    used = f"torch uses {cpu['used']}; flags {' '.join(cpu['flags'])}"
    return f"{cpu['kind']}, {origin['machine']}, {origin['system']}; {used}"


def _threads(origin: Mapping[str, Any]) -> str:
    if "executor" not in origin:
        return UNKNOWN
    executor = origin["executor"]
    return (
        f"{origin['threads_per_run']} per run; executor {executor['name']} with "
        f"{executor['slots']} slots; Python {origin['python']}"
    )


def _splits(data: Mapping[str, Any]) -> str:
    if "splits" not in data:
        return UNKNOWN
    words = ", ".join(f"{split} {found}" for split, found in data["splits"].items())
    file = f"; from the file {data['split_file']}" if data.get("split_file") else ""
    return f"hash of the names: {words}{file}; resampled per block by split_seed in tables/runs.csv"


def _references(facts: Mapping[str, Any]) -> list[tuple[str, str | Cell]]:
    """Return the row on references; none where the study names none."""
    if reason := facts.get("references_left_out"):
        return [("references", f"not scored: {reason}")]
    told = [
        f"{one['name']}: {one['images']} images, hash {one['hash']}"
        if one["kind"] == "images"
        else f"{one['name']}: weights {one['hash']} in {_settings(one['model'])}"
        for one in facts.get("references", ())
    ]
    return [("references", "; ".join(told))] if told else []


def _settings(model: Mapping[str, Any]) -> str:
    rest = ", ".join(f"{key} {value}" for key, value in model.items() if key != "name")
    return f"{model['name']} ({rest})" if rest else str(model["name"])


def _mlflow(contents: Contents) -> Cell:
    address = str(contents.facts.get("tracking_uri", ""))
    if address.startswith("sqlite:"):
        address = PurePosixPath(address).name  # no path of a machine on a page that is passed on
    link = (run_link(contents, "study", "study run"),) if contents.links else ()
    return Cell(text=f"experiment {contents.facts['study']}, {address}", links=link)


def _words(facts: Mapping[str, Any], labels: Mapping[str, str]) -> str:
    found = [f"{label}{facts[name]}" for name, label in labels.items() if facts.get(name)]
    return ", ".join(found) or UNKNOWN
