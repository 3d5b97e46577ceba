"""The decomposition of CDDFuse: base features of both sources correlate, detail features do not."""

from torch import Tensor

from ablate.imaging.correlation import correlation as r
from ablate.losses.terms.contract import TERMS, Images

READS = ("infrared_base", "visible_base", "infrared_detail", "visible_detail")


@TERMS.register("correlation", gives="scalar", reads=READS)
def correlation(images: Images, settings: None) -> Tensor:
    """Return r_detail^2 / (1.01 + r_base), r the correlation of both sources' features.

    Source:
        Zhao et al., CVPR 2023, equation 9; train.py of Zhaozixiang1228/MMIF-CDDFuse at fd8da1f.
    """
    del settings
    base_infrared, base_visible, infrared, visible = map(images.feature, READS)
    return r(infrared, visible) ** 2 / (1.01 + r(base_infrared, base_visible))
