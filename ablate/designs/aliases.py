"""Aliases: effects that a fraction of a two-level design cannot distinguish.

An effect is a set of factors; the product of two effects leaves out what they share, because the
square of a column of -1 and +1 is 1. A generator d = a * b * c says that the word {a, b, c, d} is
constant over the table.
"""

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ablate.errors import ConfigError, nearest

Effect = frozenset[str]
_GENERATOR = re.compile(r"\s*(\w+)\s*=\s*(-?)\s*(\w+(?:\s*\*\s*\w+)*)\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fraction:
    """A 2^(k-p) fraction: its generators and what follows from them."""

    basic: tuple[str, ...]  # the k - p factors whose columns are independent
    generated: Mapping[str, tuple[int, Effect]]  # factor -> sign and product of basic factors

    @property
    def factors(self) -> tuple[str, ...]:
        """Return the basic factors, then the generated ones."""
        return (*self.basic, *self.generated)

    @property
    def words(self) -> dict[Effect, int]:
        """Return the defining relation: every word that is constant, and its sign."""
        own = [(effect ^ {name}, sign) for name, (sign, effect) in self.generated.items()]
        words: dict[Effect, int] = {}
        for count in range(1, len(own) + 1):
            for some in itertools.combinations(own, count):
                word, sign = Effect(), 1
                for other, other_sign in some:
                    word, sign = word ^ other, sign * other_sign
                words[word] = sign
        return words

    @property
    def resolution(self) -> int:
        """Return the length of the shortest word: 3 aliases main effects with two-factor ones."""
        return min(len(word) for word in self.words)

    def signs(self) -> list[dict[str, int]]:
        """Return the table of -1 and +1, the last basic factor changing fastest."""
        table = []
        for row in itertools.product((-1, 1), repeat=len(self.basic)):
            signs = dict(zip(self.basic, row, strict=True))
            for name, (sign, effect) in self.generated.items():
                signs[name] = sign
                for factor in effect:
                    signs[name] *= signs[factor]
            table.append(signs)
        return table

    def aliases(self, *, order: int = 2) -> list[tuple[Effect, dict[Effect, int]]]:
        """Return every effect of up to `order` factors with those that share its column.

        Each class is listed once, under its first effect; a sign of -1 means the opposite column.
        """
        listed: set[Effect] = set()
        classes = []
        for count in range(1, order + 1):
            for some in itertools.combinations(self.factors, count):
                effect = Effect(some)
                if effect in listed:
                    continue
                same = {
                    effect ^ word: sign
                    for word, sign in self.words.items()
                    if 0 < len(effect ^ word) <= order
                }
                listed |= {effect, *same}
                classes.append((effect, same))
        return classes

    def lines(self) -> list[str]:
        """Return the resolution, the defining relation and the aliases as text."""
        roman = ("", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X")
        resolution = self.resolution
        name = roman[resolution] if resolution < len(roman) else str(resolution)
        runs = 2 ** len(self.basic)
        words = [self._text(word, sign) for word, sign in self.words.items()]
        head = f"2^({len(self.factors)}-{len(self.generated)}) fraction, {runs} runs"
        lines = [
            " = ".join(
                [
                    self._text(effect, 1),
                    *(
                        self._text(e, s)
                        for e, s in sorted(
                            same.items(), key=lambda item: (len(item[0]), self._text(*item))
                        )
                    ),
                ]
            )
            for effect, same in self.aliases()
            if same
        ]
        return [f"{head}, resolution {name}", "I = " + " = ".join(words), *lines]

    def _text(self, effect: Effect, sign: int) -> str:
        named = [name for name in self.factors if name in effect]
        return ("-" if sign < 0 else "") + "*".join(named)


def fraction(factors: Sequence[str], generators: Sequence[str], *, where: str) -> Fraction:
    """Return the fraction that the generators cut out.

    Args:
        factors: Two-valued factors in the order of the file.
        generators: Texts such as "d = a * b * c" or "e = -a * b".
        where: Path of the option, for messages.

    Raises:
        ConfigError: All faults of the generators together.
    """
    faults: list[str] = []
    generated: dict[str, tuple[int, Effect]] = {}
    products: dict[str, list[str]] = {}
    for text in generators:
        match = _GENERATOR.fullmatch(text)
        if match is None:
            faults.append(f"{where}: {text!r} is not a generator; write for example d = a * b * c")
            continue
        name, sign, product = match.group(1), match.group(2), match.group(3)
        parts = [part.strip() for part in product.split("*")]
        for part in (name, *parts):
            if part not in factors:
                tail = nearest(part, factors)
                faults.append(f"{where}: {text!r}: no factor is called {part!r}; {tail}")
        if name in generated:
            faults.append(f"{where}: {name!r} is generated twice; remove one")
        if len(set(parts)) < len(parts):
            faults.append(f"{where}: {text!r} has a factor twice, which cancels; remove both")
        generated[name] = (-1 if sign else 1, Effect(parts))
        products[text] = parts
    for text, parts in products.items():
        inner = [part for part in parts if part in generated]
        if inner:
            faults.append(
                f"{where}: {text!r}: {inner[0]!r} is generated itself; multiply basic factors only"
            )
    if not generators:
        faults.append(f"{where}: is empty; without a generator use the design full_factorial")
    if faults:
        raise ConfigError(*faults)
    basic = tuple(name for name in factors if name not in generated)
    made = Fraction(basic=basic, generated=generated)
    if made.resolution < 3:
        raise ConfigError(
            f"{where}: two main effects would share one column (resolution below III); "
            "multiply other factors"
        )
    return made
