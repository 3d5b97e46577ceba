"""`ablate new`: a project of one's own, all running."""

import shutil
from pathlib import Path
from typing import Annotated

import typer


def new(
    folder: Annotated[Path, typer.Argument(help="Where the project goes; made when absent.")],
) -> None:
    """Write a project with a plug-in, a search space and a study that run as they are.

    Example: ablate new my_ablation
    """
    from ablate.errors import StoreError

    template = Path(__file__).resolve().parents[1] / "template"
    files = sorted(
        path.relative_to(template)
        for path in template.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    )
    taken = [folder / path for path in files if (folder / path).exists()]
    if taken:
        raise StoreError(f"{taken[0]}: is there already; choose another folder")
    for path in files:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(template / path, folder / path)
        typer.echo(f"  {folder / path}")
    typer.echo(f"next: cd {folder} && ablate check . && ablate run my_penalty")
