"""DATFuse: one number per image, a negative control."""

from ablate.losses.catalogue.contract import CATALOGUE, Published, mix


@CATALOGUE.register("datfuse")
def datfuse() -> Published:
    """Mean of Sobel d/dx + d/dy over the image, y upwards: blind to all but the frame.

    Formula:
        | M_f - max(M_ir, M_vis) | with M = mean(gx - gy) (rows downwards);
        upstream averages the batch into M as well.

    Source:
        tthinking/DATFuse at 0cd93f1, losses/__init__.py, gra_loss and Gradient; Train.py: weight
        100.
    """
    return Published(
        term={
            "components": "image_mean",
            "selection": "signed_max",
            "y_axis": "up",
            "levels": 1,
        },
        mix=mix(
            gradient=100.0,
            intensity=1.0,
            kind="squares",
            ssim=10.0,
            ssim_to="max",
            ssim_padding="valid",
        ),
    )
