"""The names of the designs that ablate gives a meaning of its own, for every layer."""

from typing import Final

AT_BUDGET: Final = "at_budget"  # the blocks of an answer, trained for another number of steps
BASELINE_ONLY: Final = "baseline_only"  # the pilot
BLOCKED: Final = "blocked"  # the answer
CONFIRM: Final = "confirm"
FULL_FACTORIAL: Final = "full_factorial"
LEAVE_ONE_OUT: Final = "leave_one_out"
ONE_FACTOR: Final = "one_factor"
SEARCH: Final = "search"
SOBOL: Final = "sobol"
LAG: Final = "lag"  # option of a search: how many of its trials may be open at a time
SEARCHES: Final = (SEARCH, SOBOL)
