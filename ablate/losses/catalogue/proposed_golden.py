"""The proposed loss with inter-scale weights that fall by the golden ratio."""

from ablate.losses.catalogue.contract import CATALOGUE, Published


@CATALOGUE.register("proposed_golden")
def proposed_golden() -> Published:
    """The proposed loss with weights .5, .309, .191, finest first.

    Formula:
        .5 L_1 + .309 L_1/2 + .191 L_1/4 with the levels of `proposed`.

    Source:
        An alternative in circulation to the equal weights of arXiv 2510.13067; each weight is
        .618 of the one before.
    """
    return Published(
        term={"weights": [0.5, 0.309, 0.191]},
    )
