"""`ablate export`: a trained network as a file for other programs."""

import json
import logging
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from ablate.cli import completing
from ablate.cli.arguments import DEFAULT_STORE, Best, Json, Store
from ablate.cli.saying import echo

logger = logging.getLogger(__name__)
GREY_LEVELS = 255


def export(
    *,
    onnx: Annotated[
        Path | None, typer.Option("--onnx", help="File for ONNX; needs the extra 'onnx'.")
    ] = None,
    safetensors: Annotated[
        Path | None, typer.Option("--safetensors", help="File for the weights alone.")
    ] = None,
    run: Annotated[
        str | None,
        typer.Option(
            "--run", help="Id of a run, ours or MLflow's.", autocompletion=completing.runs
        ),
    ] = None,
    study: Annotated[
        str | None,
        typer.Option(
            "--study",
            help="Instead of --run: the run best on val.",
            autocompletion=completing.studies,
        ),
    ] = None,
    arm: Annotated[
        str | None,
        typer.Option("--arm", help="Of this arm of the study.", autocompletion=completing.arms),
    ] = None,
    best: Best = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file.")] = False,
    store: Store = DEFAULT_STORE,
    as_json: Json = False,
) -> None:
    """Write a trained network as a file, checked against torch before it appears.

    Inputs are called as the sources (infrared and visible), the output is
    fused: float32 (batch, 1, height, width) of any size, luminance in [0, 1].
    The file says which run it is and on which data it was trained. A network whose training ended
    unhealthy is warned of.

    Examples:
        ablate export --study q4_variant --arm signed --onnx signed.onnx
        ablate export --study my_search --best --safetensors best.safetensors
    """
    from ablate.errors import ConfigError

    if onnx is None and safetensors is None:
        raise ConfigError("ablate export: say --onnx FILE, --safetensors FILE, or both")
    from ablate.fusing import exporting, weights_file
    from ablate.fusing.health import warning_of_run
    from ablate.fusing.labels import labels
    from ablate.fusing.trained import chosen

    for path in filter(None, (onnx, safetensors)):  # before the first is written
        weights_file.check_free(path, overwrites=overwrite)
    if onnx is not None:
        exporting.check_installed()
    trained = chosen(store, run=run, study=study, arm=arm, is_best=best)
    network = trained.network()
    if found := warning_of_run(trained):
        logger.warning(
            "%s: %s; choose another run: ablate best %s",
            trained.spec.run_id,
            found,
            trained.spec.study,
        )
    about = labels(trained)
    content: dict[str, object] = {"labels": about}
    lines = []
    if onnx is not None:  # first, since a network may be none that ONNX can hold
        checked = exporting.export(
            network, onnx, labels=about, overwrites=overwrite, sources=trained.spec.sources
        )
        content["onnx"] = {**asdict(checked), "path": str(onnx)}
        sizes = ", ".join(f"{height}x{width}" for _, height, width in checked.shapes)
        levels = checked.largest_difference * GREY_LEVELS
        lines.append(
            f"{onnx}: {_size(checked.bytes)}; at most {levels:.1g} of {GREY_LEVELS} grey levels "
            f"off torch\n  (tried on {sizes})"
        )
    if safetensors is not None:
        weights_file.write(network, safetensors, labels=about, overwrites=overwrite)
        content["safetensors"] = str(safetensors)
        lines.append(f"{safetensors}: weights, {_size(safetensors.stat().st_size)}")
    if as_json:
        echo(json.dumps(content, indent=2))
        return
    echo(f"{trained.spec.name} ({trained.spec.run_id}), trained on {about['ablate.data']}")
    for line in lines:
        echo(line)


def _size(count: int) -> str:
    return f"{count / 1000:.0f} kB" if count < 10**6 else f"{count / 10**6:.1f} MB"
