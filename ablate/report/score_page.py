"""The page of `ablate score`: means, what can be told apart, and the images side by side."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from ablate.data import decode
from ablate.metrics import LABELS
from ablate.metrics.copies import sentence
from ablate.report.blocks import Abreast, Block, Bullets, Captioned, Part, Report, Tabled, Text
from ablate.report.page import html
from ablate.report.pictures import as_png
from ablate.scoring.folders import Collection
from ablate.scoring.scores import Scores
from ablate.scoring.table import Ranking, means_table, number, ranks_table

IMAGES: Final = 8  # shown, spread evenly over their names
WIDEST_PX: Final = 320
CAPTIONED: Final = 3  # metrics below each picture


def page(
    scores: Scores,
    ranking: Ranking,
    collection: Collection,
    *,
    headline: str,
    compared: Sequence[str],
) -> str:
    """Return one HTML file without anything beside it.

    Args:
        scores: Of the images.
        ranking: Means and ranks.
        collection: The files, of which eight are shown.
        headline: Protocol, hash and number of images.
        compared: What can be told apart, in sentences.
    """
    blocks: list[Block] = [Tabled(table=means_table(ranking, has_sd=True))]
    if ranking.gamed:
        blocks.append(Text(text=f"†: {sentence(ranking.gamed, others='method')}"))
    blocks.append(
        Text(
            text="mean ± standard deviation over images; below the line: trivial baselines, which "
            "need no network and have no rank.",
            look="small",
        )
    )
    parts = [Part(anchor="scores", heading="Scores", blocks=tuple(blocks))]
    if compared:
        first, *rest = compared
        parts.append(
            Part(
                anchor="differences",
                heading="What can be told apart",
                blocks=(Text(text=first), Bullets(texts=tuple(rest))),
            )
        )
    if (ranks := ranks_table(ranking)).rows:
        parts.append(Part(anchor="ranks", heading="Ranks", blocks=(Tabled(table=ranks),)))
    parts.append(Part(anchor="images", heading="Images", blocks=tuple(_images(scores, collection))))
    if notes := (*scores.notes, *ranking.notes):
        parts.append(Part(anchor="notes", heading="Notes", blocks=(Bullets(texts=notes),)))
    return html(
        Report(title="Scores of fused images", banner=(Text(text=headline),), parts=tuple(parts))
    )


def _images(scores: Scores, collection: Collection) -> Iterator[Abreast]:
    values = {(row.method, row.image, row.metric): row.value for row in scores.rows}
    stems = sorted(collection.sources)
    count = min(IMAGES, len(stems))
    for stem in [stems[at * len(stems) // count] for at in range(count)]:
        sources = zip(collection.names, collection.sources[stem], collection.scalings, strict=True)
        pictures = [
            Captioned(label=label, picture=_png(path, scaling.levels))
            for label, path, scaling in sources
        ]
        pictures += [
            Captioned(
                label=method,
                picture=_png(files[stem]),
                caption=_caption(values, method, stem, scores.names),
            )
            for method, files in collection.methods.items()
            if stem in files
        ]
        yield Abreast(image=stem, pictures=tuple(pictures))


def _caption(
    values: Mapping[tuple[str, str, str], float], method: str, stem: str, names: Sequence[str]
) -> str:
    shown = [name for name in names if (method, stem, name) in values][-CAPTIONED:]
    return ", ".join(f"{LABELS[name]} {number(values[method, stem, name])}" for name in shown)


def _png(path: Path, levels: decode.Levels = decode.high_byte) -> str:
    """Return a small picture as base64 of PNG, of the levels that were scored."""
    bands = np.array(decode.bands(path, levels=levels))
    image = Image.fromarray(bands[0] if len(bands) == 1 else np.moveaxis(bands, 0, -1))
    image.thumbnail((WIDEST_PX, WIDEST_PX), Image.Resampling.LANCZOS)
    return as_png(image)
