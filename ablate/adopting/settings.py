"""The settings of a repository: flags, constants, numbers in losses, keys of settings files."""

from collections.abc import Iterable

from ablate.adopting.file_settings import config_files, hydra_keys, of_file
from ablate.adopting.flow import flow
from ablate.adopting.python_settings import of_constants, of_flags, used_names
from ablate.adopting.repository import Repository
from ablate.adopting.scripts import Script
from ablate.adopting.setting import Setting


def settings(repository: Repository, script: Script) -> list[Setting]:
    """Return the settings that a script reads, in the order of files and lines."""
    traced = flow(script.reached.values())
    used = used_names(script.reached.values())
    found: list[Setting] = []
    for file in script.reached.values():
        found += of_flags(file, traced, is_script=file.path == script.path)
        found += of_constants(file, traced, used, is_script=file.path == script.path)
    configs = config_files(repository, script)
    hydra = hydra_keys(repository, script)
    for path in configs:
        found += of_file(path, repository.settings[path], traced, hydra.get(path))
    return sorted(_once(found), key=lambda one: (one.file, one.line))


def _once(found: Iterable[Setting]) -> list[Setting]:
    """Leave out what stands twice at one place, such as a list and its entries."""
    seen: dict[tuple[str, int, str], Setting] = {}
    for one in found:
        seen.setdefault((one.file, one.line, str(one.place)), one)
    return list(seen.values())
