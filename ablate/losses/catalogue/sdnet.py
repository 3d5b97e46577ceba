"""SDNet: squared differences of Laplacians."""

from ablate.losses.catalogue.contract import CATALOGUE, Published


@CATALOGUE.register("sdnet")
def sdnet() -> Published:
    """Four-neighbour Laplacian, sign kept, larger absolute value, squared, one level, zero padding.

    Formula:
        mean (l_f - t)^2, t the source's Laplacian of larger absolute value.

    Source:
        HaoZhang1018/SDNet, Medical/model.py, g_loss_grad (weight 10), and utils.py, gradient.
    """
    return Published(
        term={
            "operator": "laplacian",
            "components": "scalar",
            "penalty": "l2",
            "levels": 1,
        },
        left_out="the low-pass before the choice, squared intensity terms and the decomposition",
    )
