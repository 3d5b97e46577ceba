"""`ablate new`: a project of one's own, all running."""

from pathlib import Path
from typing import Annotated

import typer

from ablate.cli.saying import echo

SCHEMAS = {"studies": "study", "search_spaces": "space"}  # folder -> kind of its files


def new(
    folder: Annotated[Path, typer.Argument(help="Where the project goes; made when absent.")],
) -> None:
    """Write a project with a plug-in, a search space and a study that run as they are.

    Editors complete and check its YAML files by schema/, which `ablate schema` writes.

    Example: ablate new my_ablation
    """
    from ablate.cli.schema import written
    from ablate.errors import StoreError

    template = Path(__file__).resolve().parents[1] / "template"
    files = {
        path.relative_to(template): path.read_text(encoding="utf-8")
        for path in sorted(template.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }
    for path, text in files.items():
        if path.parts[0] in SCHEMAS:
            kind = SCHEMAS[path.parts[0]]
            files[path] = f"# yaml-language-server: $schema=../schema/{kind}.json\n{text}"
    files |= {Path("schema", f"{kind}.json"): written(kind) for kind in SCHEMAS.values()}
    taken = [folder / path for path in files if (folder / path).exists()]
    if taken:
        raise StoreError(f"{taken[0]}: is there already; choose another folder")
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
        echo(f"  {folder / path}")
    echo(f"next: cd {folder} && ablate check . && ablate run my_penalty")
