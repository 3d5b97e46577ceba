"""SDNet: squared differences of Laplacians."""

from ablate.losses.catalogue.contract import CATALOGUE, Published


@CATALOGUE.register("sdnet")
def sdnet() -> Published:
    """Four-neighbour Laplacian, sign kept, chosen after a low-pass, squared, zero padding.

    Formula:
        mean (l_f - t)^2, t the Laplacian of the source whose low-pass has the larger absolute
        Laplacian, of equal ones the infrared.

    Source:
        HaoZhang1018/SDNet at bf6a2ee, IR_VIS/model.py, g_loss_grad, and IR_VIS/utils.py, gradient
        and low_pass: weight 80 beside squared intensity terms of weight 1 (infrared) and .5, of
        images in [-1, 1].
    """
    return Published(
        term={
            "operator": "laplacian",
            "components": "scalar",
            "tied_target": "infrared",
            "compared": "low_pass",
            "penalty": "l2",
            "levels": 1,
        },
        left_out="the decomposition, which reads the sources back from the fused image; the "
        "squared intensity terms are terms: {infrared: {kind: intensity, target: "
        "infrared, penalty: l2, weight: 1}, visible: {kind: intensity, target: "
        "visible, penalty: l2, weight: 0.5}}",
    )
