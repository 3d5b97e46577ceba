"""Contents of the report on runs from elsewhere: made as those of a study are."""

import pandas as pd

from ablate.analysis.exploration import explore
from ablate.analysis.table import COMPARED
from ablate.foreign.study import ForeignStudy
from ablate.report.contents import Contents
from ablate.report.source import facts_of, judged

NO_PICTURES = "runs from elsewhere bring no pictures"


def contents_of(study: ForeignStudy) -> Contents:
    """Return what a report is rendered from; answers are judged as those of any study.

    Raises:
        DataError: The document of the study is not one.
        ConfigError: Its question names what cannot be.
    """
    facts = facts_of(study.document)
    beside = pd.DataFrame(columns=["kind", *COMPARED])
    return Contents(
        facts=facts,
        verdicts=judged(facts, runs=study.runs, images=study.images),
        explored=explore(facts, study.runs),
        gallery={},
        no_pictures=NO_PICTURES,
        runs=study.runs,
        images=study.images,
        curves=pd.DataFrame(columns=["run_id", "key", "step", "value"]),
        trivial_baselines=beside,
        references=beside,
    )
