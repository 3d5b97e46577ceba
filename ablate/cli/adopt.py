"""`ablate adopt`: read a repository without running it, and write a study of it."""

from pathlib import Path
from typing import Annotated

import typer

from ablate.cli.saying import echo


def adopt(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of the repository.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="The study file; studies/NAME.yaml."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
) -> None:
    """Read a repository without running it, print what was found, and write a study file to edit.

    It looks for flags of argparse, constants, numbers in losses, and keys of YAML, JSON, INI, TOML
    and Hydra; loss weights and learning rates become dimensions.

    Examples:
        ablate adopt ../MMIF-CDDFuse
        ablate adopt ../TarDAL --out studies/tardal.yaml
    """
    from ablate.adopting.dimensions import identifier
    from ablate.adopting.found import find
    from ablate.adopting.study import study
    from ablate.adopting.table import lines
    from ablate.errors import StoreError
    from ablate.writing import replacing

    root = folder.expanduser()
    name = identifier(root.resolve().name)
    path = out or Path("studies", f"{name}.yaml")
    if path.exists() and not force:
        raise StoreError(f"{path}: is there already; --force replaces it, --out names another file")
    found = find(root)
    for line in lines(found):
        echo(line)
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as new:
        new.write_text(study(found, repo=root.as_posix(), name=_named(path)), encoding="utf-8")
    echo(f"\nwrote {path}; read it, then: ablate check {_named(path)}")


def _named(path: Path) -> str:
    """Return how a command names a study file."""
    is_short = path.parent == Path("studies") and path.suffix == ".yaml"
    is_short = is_short and not Path(path.stem).exists()  # else a command takes that folder
    return path.stem if is_short else path.as_posix()
