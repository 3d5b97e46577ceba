"""Figures of studies that have all that the figure takes."""

import pandas as pd

from ablate.report.contents import Contents
from ablate.report.figures import ReportFigure


def numbers_of(figure: ReportFigure, contents: Contents) -> pd.DataFrame:
    """The numbers of a figure; a failed test where there are none."""
    numbers = figure.numbers(contents)
    assert isinstance(numbers, pd.DataFrame), numbers.reason
    return numbers
