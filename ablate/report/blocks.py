"""What a report is made of: parts and their blocks; page and Markdown show each by a template."""

from dataclasses import dataclass
from typing import ClassVar, TypeAlias

from ablate.report.checklist import Item
from ablate.report.dots import Dot
from ablate.tables import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A paragraph; `look` is "", "small" or "strong", `link` is (label, anchor) behind it."""

    kind: ClassVar = "text"
    text: str
    look: str = ""
    link: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bullets:
    """A list of texts."""

    kind: ClassVar = "bullets"
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """A heading within a part; `level` 4 stands below level 3."""

    kind: ClassVar = "heading"
    text: str
    level: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A figure as it is shown, or the reason why it is not.

    `dots` are the runs behind its dots, in a drawing of `width` x `height` points.
    """

    kind: ClassVar = "figure"
    name: str
    section: str
    title: str
    caption: str
    reason: str = ""
    svg: str = ""  # base64
    dots: tuple[Dot, ...] = ()
    width: float = 0.0
    height: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tabled:
    """A table.

    Args:
        table: What it holds.
        look: "judged" (three columns of words first), "words" (nothing but words), or "".
        folded: What a page shows in its place until it is opened; empty where it is always shown.
        is_in_page_only: Whether Markdown leaves it to the files beside it.
    """

    kind: ClassVar = "table"
    table: Table
    look: str = ""
    folded: str = ""
    is_in_page_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A question with its verdict, and what is said of it."""

    kind: ClassVar = "card"
    anchor: str
    look: str  # the word of the answer as a name of a style
    id: str
    asks: str
    answer: str
    blocks: "tuple[Block, ...]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """A picture of a viewer, base64 of PNG, with the strength of its gradients beside it."""

    label: str
    picture: str
    gradient: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Flipped:
    """Pictures of one image that are shown in one place, one at a time; pages only."""

    kind: ClassVar = "flipped"
    image: str
    width: int  # of all pictures, in pixels
    height: int
    frames: tuple[Frame, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Captioned:
    """A picture, base64 of PNG, and what stands below it."""

    label: str
    picture: str
    caption: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Abreast:
    """Pictures of one image side by side; pages only."""

    kind: ClassVar = "abreast"
    image: str
    pictures: tuple[Captioned, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Folded:
    """Texts that a page shows as one line until it is opened."""

    kind: ClassVar = "folded"
    text: str
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """The items of the checklist, folded."""

    kind: ClassVar = "checklist"
    items: tuple[Item, ...]


Block: TypeAlias = (
    Text | Bullets | Heading | Shown | Tabled | Card | Checked | Flipped | Abreast | Folded
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of a report: its anchor on the page, its heading and its blocks.

    `is_in_markdown`: a page that links what lies beside it leaves the part to report.md.
    """

    anchor: str
    heading: str
    blocks: tuple[Block, ...]
    is_in_markdown: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything that a report says, in its order."""

    title: str
    banner: tuple[Text, ...]  # above everything else
    parts: tuple[Part, ...]
