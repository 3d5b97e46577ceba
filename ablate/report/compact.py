"""Small SVG files: what matplotlib draws, with a sixth of the bytes.

matplotlib writes an element with six decimals and its full style per mark. Here the same figure
becomes one path per look, one marker per shape with a vertex per point, and plain text; colours,
order of drawing and places (to a tenth of a point) stay.
"""

import math
import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

FONTS = "DejaVu Sans,Verdana,sans-serif"  # as wide as each other
HREF = "{http://www.w3.org/1999/xlink}href"
LOOK_BACK = 150  # groups searched for one of the same look
WIDEST_MARK_PT = 40.0
UNSTROKED = ("stroke-opacity", "stroke-width", "stroke-linecap", "stroke-linejoin")
AS_BY_DEFAULT = {
    ("stroke-dashoffset", "0"),
    ("stroke-linecap", "butt"),
    ("stroke-linejoin", "round"),
    ("fill", "#000"),
    ("text-anchor", "start"),
}
NUMBER = re.compile(r"-?\d*\.?\d+(?:e-?\d+)?")
POINTS_OF = {"M": 1, "L": 1, "Q": 2, "C": 3}

Point = tuple[float, float]
Box = tuple[float, float, float, float]
Commands = list[tuple[str, list[Point]]]
Style = tuple[tuple[str, str], ...]
Matrix = tuple[float, float, float, float, float, float]

SAME: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)


@dataclass(kw_only=True)
class _Group:
    """What is drawn with one look: outlines, or the places of one marker."""

    shape: str  # of a marker; of other things nothing
    look: Style
    clip: str
    outlines: list[Commands] = field(default_factory=list)
    places: list[Point] = field(default_factory=list)
    boxes: list[Box] = field(default_factory=list)
    verbatim: str = ""


def compact(svg: str) -> str:
    """Return the same figure in fewer bytes.

    Args:
        svg: A file as matplotlib writes it with `svg.fonttype: none`.
    """
    return _Figure(ET.fromstring(svg)).written()  # noqa: S314  # written by matplotlib just now


class _Figure:
    """What a figure draws, in its order, and the looks as classes of a style sheet."""

    def __init__(self, root: ET.Element) -> None:
        self.root = root
        self.by_id = {name: part for part in root.iter() if (name := part.get("id"))}
        self.groups: list[_Group] = []
        self.texts: dict[Style, list[str]] = {}
        self.classes: dict[str, str] = {}
        self.definitions: dict[str, str] = {}  # their text -> id
        for part in root:
            self._visit(part, at=SAME, clip="", above={})

    def written(self) -> str:
        body = [self._group(group) for group in self.groups]
        for look, lines in self.texts.items():
            body.append(f"<g{self._class(look)}>" + "\n".join(lines) + "</g>")
        patterns = [f"#{name}" for name, part in self.by_id.items() if _tag(part) == "pattern"]
        wanted = [name for name in patterns if any(f"url({name})" in css for css in self.classes)]
        kept = [_plain(self.by_id[name[1:]]) for name in wanted]
        sheet = "".join(f".{name}{{{css}}}" for css, name in self.classes.items())
        width, height = (
            _number(float(self.root.get(side, "0pt")[:-2])) for side in ("width", "height")
        )
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}pt" height="{height}pt" '
            f'viewBox="0 0 {width} {height}"><style>*{{stroke-linejoin:round}}'
            f"marker{{overflow:visible}}text{{font-family:{FONTS};white-space:pre}}{sheet}</style>"
            f"<defs>{''.join([*self.definitions, *kept])}</defs>\n" + "\n".join(body) + "\n</svg>\n"
        )

    def _visit(self, part: ET.Element, *, at: Matrix, clip: str, above: Mapping[str, str]) -> None:
        style = {**above, **_style(part)}
        clip = part.get("clip-path", f"url(#{clip})")[5:-1]
        here = _times(at, _matrix(part.get("transform", "")))
        match _tag(part):
            case "g":
                for below in part:
                    self._visit(below, at=here, clip=clip, above=style)
            case "path":
                outline = _moved(_parsed(part.get("d", "")), here)
                self._add("", style, outline, clip)
            case "use":
                mark = self.by_id[part.get(HREF, "")[1:]]
                shape = _parsed(mark.get("d", ""))
                place = _at(here, float(part.get("x", 0)), float(part.get("y", 0)))
                style = {**_style(mark), **style}
                is_line = all(command in "ML" for command, _ in shape)  # a tick
                is_mark = not is_line and len(shape) <= 24 and _width(shape) <= WIDEST_MARK_PT
                style |= {"fill": "none"} if is_line else {}
                outline = _moved(shape, (1, 0, 0, 1, *place))
                self._add(_shape(shape) if is_mark else "", style, outline, clip, place)
            case "text":
                self._text(part, here, style)
            case "image":
                part.set("transform", f"matrix({' '.join(f'{value:.6g}' for value in here)})")
                group = _Group(shape="", look=(), clip="", verbatim=_plain(part))
                group.boxes.append((-math.inf, -math.inf, math.inf, math.inf))
                self.groups.append(group)

    def _add(
        self,
        shape: str,
        style: Mapping[str, str],
        outline: Commands,
        clip: str,
        place: Point | None = None,
    ) -> None:
        """Put an item into a group of its look, if nothing drawn since lies below it."""
        look = _look(style)
        known = dict(look)
        box = _box(outline, float(known.get("stroke-width", 1)) if "stroke" in known else 0.01)
        if box is None or (known.get("fill") == "none" and "stroke" not in known):
            return
        if clip:
            edges = _box(_parsed(self._edges(clip)), 0.3)
            if edges is None or not _overlap(box, edges):
                return
            if _within(box, edges):
                clip = ""
        is_free = bool(shape) or (
            known.get("fill") == "none" and "opacity" not in known and "stroke-opacity" not in known
        )
        group = self._home(_Group(shape=shape, look=look, clip=clip), box, is_free=is_free)
        group.outlines.append(outline)
        group.boxes.append(box)
        if place is not None:
            group.places.append(place)

    def _home(self, made: _Group, box: Box, *, is_free: bool) -> _Group:
        """Return the last group of a look, or a new one if something drawn since lies below."""
        for group in reversed(self.groups[-LOOK_BACK:]):
            overlaps = any(_overlap(box, other) for other in group.boxes)
            is_alike = (group.shape, group.look, group.clip) == (made.shape, made.look, made.clip)
            if is_alike and not group.verbatim and (is_free or not overlaps):
                return group
            if overlaps:
                break
        self.groups.append(made)
        return made

    def _edges(self, clip: str) -> str:
        """Return the outline that a clip path cuts along."""
        inner = self.by_id[clip][0]
        if _tag(inner) != "rect":
            return inner.get("d", "")
        x, y, width, height = (float(inner.get(key, 0)) for key in ("x", "y", "width", "height"))
        return f"M {x} {y} L {x + width} {y} L {x + width} {y + height} L {x} {y + height} z"

    def _text(self, part: ET.Element, at: Matrix, style: Mapping[str, str]) -> None:
        pieces = [below for below in part if _tag(below) == "tspan"]
        for piece in pieces or [part]:
            if not (piece.text or "").strip():
                continue
            # x and y of a whole text turn with it: they stand in its transform as well
            x, y = _at(at, float(piece.get("x", 0)), float(piece.get("y", 0)))
            angle = math.degrees(math.atan2(at[1], at[0]))
            turn = f' transform="rotate({_number(angle)} {_number(x)} {_number(y)})"'
            look = {**style, **_style(piece)}
            look.pop("font-family", None)
            line = (
                f'<text x="{_number(x)}" y="{_number(y)}"{turn if abs(angle) > 0.05 else ""}>'
                f"{escape(piece.text or '')}</text>"
            )
            self.texts.setdefault(_look(look, is_text=True), []).append(line)

    def _group(self, group: _Group) -> str:
        if group.verbatim:
            return group.verbatim
        clip = f' clip-path="url(#{self._clip(group.clip)})"' if group.clip else ""
        alike = [one for one in self.groups if (one.shape, one.look) == (group.shape, group.look)]
        if not group.shape or sum(len(one.places) for one in alike) == 1:
            outline = [command for one in group.outlines for command in one]
            return f'<path{self._class(group.look)}{clip} d="{_written(outline)}"/>'
        mark = f"<path{self._class(group.look)} {group.shape}/>"
        if group.shape.startswith("r="):
            mark = mark.replace("<path", "<circle")
        name = self._defined(f'<marker id="{{}}">{mark}</marker>', "m")
        is_one = len(group.places) == 1  # two vertices there, and a marker at the first alone
        vertices = group.places * 2 if is_one else group.places
        outline = [("L" if number else "M", [place]) for number, place in enumerate(vertices)]
        css = f"fill:none;marker{'-start' if is_one else ''}:url(#{name})"
        return f'<path class="{self._css(css)}"{clip} d="{_written(outline)}"/>'

    def _clip(self, name: str) -> str:
        edges = _written(_parsed(self._edges(name)))
        return self._defined(f'<clipPath id="{{}}"><path d="{edges}"/></clipPath>', "c")

    def _defined(self, template: str, letter: str) -> str:
        """Return the id of a definition, which is written once."""
        for text, name in self.definitions.items():
            if text == template.format(name):
                return name
        name = f"{letter}{len(self.definitions)}"
        self.definitions[template.format(name)] = name
        return name

    def _class(self, look: Style) -> str:
        return (
            f' class="{self._css(";".join(f"{key}:{value}" for key, value in look))}"'
            if look
            else ""
        )

    def _css(self, css: str) -> str:
        return self.classes.setdefault(css, f"s{len(self.classes)}")


def _tag(part: ET.Element) -> str:
    return part.tag.rpartition("}")[2]


def _plain(part: ET.Element) -> str:
    """Return an element as text, without the namespaces that the parser gives it."""
    text = ET.tostring(part, encoding="unicode").strip()
    text = re.sub(r' xmlns:\w+="[^"]*"', "", text).replace("xlink:href", "href")
    return re.sub(r">\s+<", "><", re.sub(r"\bns\d+:", "", text))


def _style(part: ET.Element) -> dict[str, str]:
    pairs = (one.partition(":") for one in part.get("style", "").split(";") if ":" in one)
    return {key.strip(): value.strip() for key, _, value in pairs}


def _look(style: Mapping[str, str], *, is_text: bool = False) -> Style:
    """Return a style in one order and short words, without what is so by default."""
    look = dict(style)
    for key, value in style.items():
        if re.fullmatch(r"#(.)\1(.)\2(.)\3", value):
            look[key] = f"#{value[1::2]}"
        elif NUMBER.fullmatch(value):
            look[key] = _number(float(value), 3)
        elif key == "stroke-dasharray":
            look[key] = ",".join(_number(float(one), 2) for one in NUMBER.findall(value))
    if not is_text and look.get("fill") == "none":
        look.pop("fill-opacity", None)
    if not is_text and "stroke" not in look:
        look = {key: value for key, value in look.items() if key not in UNSTROKED}
    return tuple(sorted(pair for pair in look.items() if pair not in AS_BY_DEFAULT))


def _matrix(text: str) -> Matrix:
    made = SAME
    for name, inner in re.findall(r"(\w+)\(([^)]*)\)", text):
        values = [float(one) for one in NUMBER.findall(inner)]
        if name == "translate":
            step: Matrix = (1, 0, 0, 1, values[0], values[1] if len(values) > 1 else 0)
        elif name == "scale":
            step = (values[0], 0, 0, values[-1], 0, 0)
        elif name == "rotate":
            cos, sin = math.cos(math.radians(values[0])), math.sin(math.radians(values[0]))
            step = (cos, sin, -sin, cos, 0, 0)
            if len(values) == 3:
                x, y = values[1:]
                step = _times(_times((1, 0, 0, 1, x, y), step), (1, 0, 0, 1, -x, -y))
        else:
            step = (values[0], values[1], values[2], values[3], values[4], values[5])
        made = _times(made, step)
    return made


def _times(one: Matrix, other: Matrix) -> Matrix:
    a, b, c, d, e, f = one
    g, h, i, j, k, m = other
    return (
        a * g + c * h,
        b * g + d * h,
        a * i + c * j,
        b * i + d * j,
        a * k + c * m + e,
        b * k + d * m + f,
    )


def _at(matrix: Matrix, x: float, y: float) -> Point:
    return matrix[0] * x + matrix[2] * y + matrix[4], matrix[1] * x + matrix[3] * y + matrix[5]


def _parsed(text: str) -> Commands:
    """Return the commands of a path; matplotlib writes M, L, Q, C with absolute places, and z."""
    found: Commands = []
    for command, inner in re.findall(r"([MLQCz])([^MLQCz]*)", text):
        values = [float(one) for one in NUMBER.findall(inner)]
        points = list(zip(values[::2], values[1::2], strict=True))
        size = POINTS_OF.get(command, 0)
        found += [
            (command, points[first : first + size]) for first in range(0, len(points), size or 1)
        ]
        if command == "z":
            found.append(("z", []))
    return found


def _moved(commands: Commands, matrix: Matrix) -> Commands:
    return [(command, [_at(matrix, *point) for point in points]) for command, points in commands]


def _box(commands: Commands, margin: float) -> Box | None:
    xs, ys = ([point[axis] for _, points in commands for point in points] for axis in (0, 1))
    if not xs:
        return None
    return min(xs) - margin, min(ys) - margin, max(xs) + margin, max(ys) + margin


def _width(commands: Commands) -> float:
    box = _box(commands, 0)
    return box[2] - box[0] if box else math.inf


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _within(one: Box, edges: Box) -> bool:
    return one[0] >= edges[0] and one[1] >= edges[1] and one[2] <= edges[2] and one[3] <= edges[3]


def _shape(commands: Commands) -> str:
    """Return the attribute that draws a marker: a radius of a circle, or an outline."""
    box = _box(commands, 0)
    names = "".join(command for command, _ in commands)
    if box and names.rstrip("z") == "MCCCCCCCC" and math.isclose(box[0], -box[2], abs_tol=1e-3):
        return f'r="{_number(box[2], 2)}"'
    return f'd="{_written(commands, 2)}"'


def _written(commands: Commands, places: int = 1) -> str:
    """Return the data of a path: rounded, each place from the one before."""
    unit, words, here, first, last = 10**places, list[str](), (0, 0), (0, 0), ""
    for command, points in commands:
        if command == "z":
            words.append("z")
            here, last = first, "z"
            continue
        rounded = [(round(x * unit), round(y * unit)) for x, y in points]
        steps = [(x - here[0], y - here[1]) for x, y in rounded]
        letter, values = command.lower(), [value for step in steps for value in step]
        if letter == "l" and 0 in values:
            letter, values = ("h", values[:1]) if values[1] == 0 else ("v", values[1:])
        here = rounded[-1]
        first = here if letter == "m" else first
        text = " ".join(_number(value / unit, places) for value in values).replace(" -", "-")
        is_same = letter == last and letter != "m"
        words.append((" " if text[0] != "-" else "") + text if is_same else letter + text)
        last = letter
    return "".join(words)


def _number(value: float, places: int = 1) -> str:
    """Return a number without what says nothing.

    Example:
        >>> _number(0.5), _number(-0.25, 2), _number(3.0), _number(-0.01)
        ('.5', '-.25', '3', '0')
    """
    text = f"{value:.{places}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return re.sub(r"^(-?)0\.", r"\1.", text) if text != "-0" else "0"
