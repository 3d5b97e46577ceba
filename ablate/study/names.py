"""Every name that a study file may use, by kind.

What needs torch or optuna is not imported for it: `ablate plan` is quick.
"""

from ablate import losses, plugins
from ablate.config.settings import SEARCH
from ablate.metrics.catalogue import LABELS
from ablate.metrics.protocol import PROTOCOLS
from ablate.settings.command import COMMAND, SECTION
from ablate.settings.members import members
from ablate.settings.terms import names as term_names
from ablate.training.tasks import FUSION, TASKS
from ablate.training.tasks.contract import settings_of


def known() -> dict[str, tuple[str, ...]]:
    """Return the names of each kind; the user's own plug-ins are imported for it."""
    plugins.load()
    metrics = members("metrics")
    tasks = {name: task for name, task in TASKS.registered() if name not in (FUSION, COMMAND)}
    return {
        **{kind: tuple(sorted(members(kind))) for kind in ("models", "data", "samplers")},
        **{kind: tuple(sorted(members(kind))) for kind in ("pruners", "executors")},
        "metrics": tuple(name for name in LABELS if name in metrics),
        "tasks": tuple(sorted((FUSION, COMMAND, *tasks))),
        "protocols": tuple(sorted(PROTOCOLS)),
        "designs": (*members("designs"), SEARCH),
        **{f"designs.{name}": one.takes for name, one in members("designs").items()},
        **{
            f"executor.{name}": tuple(one for one in of.takes if one not in ("decide", "slots"))
            for name, of in members("executors").items()
        },
        **{f"model.{name}": one.settings_names() for name, one in members("models").items()},
        **{f"task.{name}": settings_of(task) for name, task in tasks.items()},
        **{f"task.{name}.metrics": tuple(task.measures) for name, task in tasks.items()},
        f"task.{COMMAND}": SECTION,
        f"task.{FUSION}": (),  # its settings are sections of their own
        f"task.{FUSION}.metrics": (),  # those of ablate.metrics
        **{f"losses.{setting}": names for setting, names in losses.names().items()},
        **term_names(),
    }
