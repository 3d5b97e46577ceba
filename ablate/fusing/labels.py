"""What a file that leaves the store says of where its network comes from."""

from ablate import __version__
from ablate.fusing.trained import TrainedRun
from ablate.identity import digest


def labels(trained: TrainedRun) -> dict[str, str]:
    """Return the metadata of an exported network: names that begin with "ablate.", and texts.

    The settings digest leaves out the data section, which may name folders of a machine; the data
    label and hash say what it was trained on.
    """
    spec, facts = trained.spec, trained.result.facts
    settings = {section: part for section, part in spec.settings.items() if section != "data"}
    return {
        "ablate.version": __version__,
        "ablate.study": spec.study,
        "ablate.arm": trained.arm,
        "ablate.run": spec.name,
        "ablate.run_id": spec.run_id,
        "ablate.arm_id": spec.arm_id,
        "ablate.settings_digest": digest(settings),
        "ablate.network": str(spec.settings["model"]["name"]),
        "ablate.data": str(facts.get("data_label", "unknown")),
        "ablate.data_hash": str(facts.get("data_hash", "unknown")),
    }
