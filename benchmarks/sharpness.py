"""How often a difference of tuning is claimed, and how often the caveat about it stands there.

Values with the same best score but optima of other sharpness, or other places, against values that
differ at their best, through the real engine. `python -m benchmarks.sharpness` prints the table of
docs/statistics.md (minutes on one core).
"""

import sys

from ablate.analysis.selftest.sharpness import BETTER, EQUAL, Case, rates

CASES = (
    EQUAL,
    Case(name="sharpness 80/40/20/5", sharpness=(80, 40, 20, 5)),
    Case(name="sharpness 5/20/40/80", sharpness=(5, 20, 40, 80), blocks=8),
    Case(name="sharpness 5/20/40/80", sharpness=(5, 20, 40, 80), points=8),
    Case(
        name="places differ",
        sharpness=(40,) * 4,
        places=((0.5, 0.5), (0.2, 0.5), (0.8, 0.8), (0.5, 0.1)),
    ),
    Case(
        name="optimum at the edge and beyond",
        sharpness=(20,) * 4,
        places=((0.5, 0.5), (0.0, 0.5), (1.1, 0.5), (1.0, 1.0)),
    ),
    BETTER,
    Case(name="b better by 4", sharpness=(20,) * 4, best=(0, 4, 0, 0), blocks=8),
    Case(name="b better by 3, flat", sharpness=(5,) * 4, best=(0, 3, 0, 0)),
    Case(name="b better by 5, sharp", sharpness=(80,) * 4, best=(0, 5, 0, 0)),
    Case(name="b worse by 3 and sharper", sharpness=(20, 40, 20, 20), best=(0, -3, 0, 0)),
    Case(name="nothing differs", sharpness=(20,) * 4),
)


def main(studies: int) -> None:
    """Print the table."""
    print(f"{studies} studies each")
    print("| values | blocks x points | some claim | of those with the caveat |")
    print("|---|---|---|---|")
    for case in CASES:
        found = rates(case, studies=studies)
        print(
            f"| {case.name} | {case.blocks} x {case.points} | {found['claims']:.2f} "
            f"| {found['caveats']:.2f} |",
            flush=True,
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
