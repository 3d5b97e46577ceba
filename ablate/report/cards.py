"""A study and its pictures as fragments of HTML, for notebooks: everything escaped, no scripts."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pandas as pd
from jinja2 import Environment
from PIL import Image

from ablate.analysis.document import AnsweredQuestion
from ablate.metrics.copies import sentence, with_mark
from ablate.report.contents import Contents
from ablate.report.pictures import as_png, chosen, columns
from ablate.report.summary import NO_CLAIM, summary
from ablate.report.values import gamed_values

WIDEST_PX: Final = 160  # of a small picture
MOST_SENTENCES: Final = 4
COLOURS: Final[Mapping[str, str]] = {
    "supported": "#009E73",
    "gain": "#009E73",
    "loss": "#D55E00",
    "trade-off": "#CC79A7",
    "equivalent": "#0072B2",
    "contradicted": "#D55E00",
    "practically equivalent": "#0072B2",
}
OTHERWISE: Final = "#999999"

_MACROS = """
{%- macro strip(images) %}{% for image in images %}
<div style="font-size:.8em">{{ image.name }}
<div style="display:flex;flex-wrap:wrap;gap:4px">{% for picture in image.pictures %}
<div style="text-align:center"><img src="data:image/png;base64,{{ picture.png }}"
alt="{{ picture.label }}"><br>{{ picture.label }}</div>{% endfor %}</div></div>
{% endfor %}{% endmacro -%}
"""
_STUDY = """<div style="max-width:50em"><h4>{{ title }}</h4>
{% for text in notes %}<p style="font-size:.9em"><em>{{ text }}</em></p>{% endfor %}
{% for card in cards %}
<div style="border:1px solid #ddd;border-left:5px solid {{ card.colour }};padding:.2em 1em;
margin:.6em 0"><p><strong>{{ card.asks }}</strong></p>
<p><strong>{{ card.verdict }}</strong>
{%- if card.reason %}: {{ card.reason }}{% endif %}</p>
<ul style="font-size:.9em">{% for text in card.sentences %}<li>{{ text }}</li>{% endfor %}</ul>
{% if card.more %}<p style="font-size:.8em">{{ card.more }}</p>{% endif %}</div>
{% else %}<pre style="white-space:pre-wrap">{{ summary }}</pre>{% endfor %}
{% if images %}{{ strip(images) }}{% endif %}</div>"""
_ENVIRONMENT = Environment(autoescape=True, trim_blocks=True)


def study_html(contents: Contents) -> str:
    """Return what is claimed, a card per question, and the first pictures; words without cards."""
    cards = [_card(question, contents.comparators) for question in contents.answered]
    notes = [contents.banner] if contents.banner else []
    notes += [] if cards else [NO_CLAIM]
    first = [entry.image for entry in chosen(contents)[:1]]
    return _rendered(
        _STUDY,
        title=f"{contents.facts.study}: {contents.facts.title}",
        notes=notes,
        cards=cards,
        summary=summary(contents),
        images=_images(contents, columns(contents), first),
    )


def pictures_html(pictures: Mapping[str, Mapping[str, Path]]) -> str:
    """Return rows of small pictures: image name -> label -> file."""
    images = [
        {"name": name, "pictures": [_picture(label, path) for label, path in row.items()]}
        for name, row in pictures.items()
    ]
    return _rendered("{{ strip(images) }}", images=images)


def _rendered(template: str, **values: Any) -> str:
    return _ENVIRONMENT.from_string(_MACROS + template).render(**values)


def _card(question: AnsweredQuestion, comparators: pd.DataFrame) -> dict[str, Any]:
    gamed = gamed_values(question, comparators)
    sentences = [
        with_mark(question.sentence_of(row), row.metric, gamed) for row in question.deciding
    ]
    more = [f"{len(sentences) - MOST_SENTENCES} more rows"] if sentences[MOST_SENTENCES:] else []
    more += [sentence(gamed)] if gamed else []
    more += [f"caveat: {text}" for text in question.caveats]
    return {
        "asks": question.asks,
        "verdict": question.headline or question.verdict,
        "reason": question.advice if question.headline else question.reason,
        "colour": COLOURS.get(question.word, OTHERWISE),
        "sentences": sentences[:MOST_SENTENCES],
        "more": "; ".join(more),
    }


def _images(
    contents: Contents, shown: Sequence[tuple[str, str]], names: Sequence[str]
) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "pictures": [
                _picture(label, contents.gallery[arm][name])
                for label, arm in shown
                if name in contents.gallery[arm]
            ],
        }
        for name in names
    ]


def _picture(label: str, path: Path) -> dict[str, str]:
    with Image.open(path) as image:
        small = image.convert("L")
    small.thumbnail((WIDEST_PX, WIDEST_PX))
    return {"label": label, "png": as_png(small)}
