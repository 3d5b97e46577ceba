"""`ablate fuse`: a trained network of a study on anybody's images."""

import logging
from pathlib import Path
from typing import Annotated

import typer

from ablate.cli import completing
from ablate.cli.arguments import (
    DEFAULT_STORE,
    SCALING_HELP,
    Best,
    Infrared,
    Source,
    Store,
    Visible,
    check_scaling,
    two_sources,
)
from ablate.cli.saying import echo

logger = logging.getLogger(__name__)


def fuse(
    *,
    infrared: Infrared = None,
    visible: Visible = None,
    out: Annotated[Path, typer.Option("--out", help="Folder of the fused PNG files.")],
    source: Source = None,
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
    grey: Annotated[
        bool, typer.Option("--grey", help="Write the luminance alone, without chroma.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace files of other runs or images.")
    ] = False,
    scaling: Annotated[
        str | None,
        typer.Option("--scaling", help=f"{SCALING_HELP}; as the run was trained if left out."),
    ] = None,
    tile: Annotated[
        int | None,
        typer.Option(
            "--tile", min=64, metavar="PX", help="Fuse in tiles of this side, for large images."
        ),
    ] = None,
    device: Annotated[str, typer.Option("--device", help="cpu or cuda.")] = "cpu",
    store: Store = DEFAULT_STORE,
) -> None:
    """Fuse images of any size with a trained network; folders are paired by file name.

    Colours are kept: the network fuses the luminance, and the chroma is that of
    the visible image, or of the source that has it; of two photographs, both
    weighted. After an interruption the same command goes on; what this run has made of
    the same images is kept. Outputs that are flat, negatives or copies of a
    source are warned of.

    Examples:
        ablate fuse --study q4_variant --arm signed --infrared ir --visible vi --out fused
        ablate fuse --study my_search --best --infrared ir --visible vi --out fused
        ablate fuse --study brains --source MRI=mri --source PET=pet --out fused
    """
    from ablate.cli.progress import Counter
    from ablate.fusing.files import fuse as fuse_files
    from ablate.fusing.files import gather
    from ablate.fusing.health import examine_files, warning_of
    from ablate.fusing.tiles import Tiled
    from ablate.fusing.trained import chosen
    from ablate.training.determinism import device_of

    trained = chosen(store, run=run, study=study, arm=arm, is_best=best)
    used = check_scaling(scaling) if scaling else trained.scaling
    names, paths_of_sources = two_sources(infrared, visible, source, wanted=trained.spec.sources)
    sources = gather(*paths_of_sources, scaling=used, names=names)
    place = device_of(device, where="--device")
    network = trained.network()
    if tile:
        network = Tiled(network, side_px=tile)
        echo(str(network), err=True)
    with Counter("fusing pairs") as counter:
        paths = fuse_files(
            network,
            sources,
            out,
            device=place,
            keeps_chroma=not grey,
            step=counter.step,
            made_by=trained.spec.run_id,
            overwrites=overwrite,
        )
    for side, one in zip(names, sources[0].scalings, strict=True):
        if one.range:
            echo(f"{side}: {one.range} become 0 to 255 ({used})", err=True)
    if found := warning_of(examine_files(sources, paths), names):
        logger.warning("%s: %s; choose another run: ablate best %s", out, found, trained.spec.study)
    echo(f"{trained.spec.name} ({trained.spec.run_id}): {len(paths)} fused in {out}")
