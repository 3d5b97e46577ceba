"""Which names of a program weigh terms of a loss, and which are learning rates: by what is done.

Names are followed backwards, from products in a loss to where their factors come from: through
assignments, parameters, loops, `self.x`, `args.x` and `config["x"]`. Nothing is run, so it is a
reading, not a proof: names of attributes are taken for the same wherever they stand.
"""

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from ablate.adopting.repository import Python, functions
from ablate.settings.python_places import (
    RETURNED,
    dotted,
    expressions,
    is_number_written,
)

OPTIMIZERS: Final = re.compile(
    r"^(Adam\w*|SGD|RMSprop|Adagrad|Adadelta|NAdam|RAdam|LBFGS|Lion|\w*Optimizer|AdaBound)$"
)
LOSS: Final = re.compile(r"loss|criteri|(^|_)l_?(total|all)$|^l(box|obj|cls)$", re.IGNORECASE)
_THROUGH: Final = re.compile(  # calls whose value is made of their arguments
    r"^(eval|float|int|list|tuple|literal_eval|zip|abs|max|min|array|tensor|Tensor|FloatTensor|"
    r"sum|enumerate|get|getattr|pow|deepcopy|copy)$"
)
_LIBRARIES: Final = ("torch", "nn", "F", "np", "numpy", "cv2", "tf", "kornia", "os", "plt")
Name = tuple[str, ...]  # (file, *scope, variable), or (attribute,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """What was found.

    Args:
        weights: Names whose numbers weigh terms of a loss.
        rates: Names whose numbers are learning rates of an optimiser.
        numbers: Numbers that are written in the products of a loss: the nodes.
        rate_numbers: Numbers that are handed to an optimiser as learning rate.
        handed: Numbers that are handed to parameters, with these.
        read: Attributes and keys that are read somewhere.
    """

    weights: frozenset[Name]
    rates: frozenset[Name]
    numbers: frozenset[ast.expr]
    rate_numbers: frozenset[ast.expr]
    handed: Mapping[ast.expr, frozenset[Name]]
    read: frozenset[str]


def flow(files: Iterable[Python]) -> Flow:
    """Return how numbers get into losses and optimisers of some files."""
    found = _Reader()
    files = list(files)
    for file in files:
        found.note_definitions(file)
    for file in files:
        found.note(file)
    return found.result()


class _Reader:
    def __init__(self) -> None:
        self.sources: dict[Name, set[Name]] = defaultdict(set)
        self.values: dict[Name, list[tuple[ast.expr, tuple[str, ...]]]] = defaultdict(list)
        self.parameters: dict[str, list[tuple[list[str], Name]]] = defaultdict(list)
        self.local: dict[Name, set[str]] = defaultdict(set)
        self.losses: set[Name] = set()
        self.rates: set[Name] = set()
        self.rate_numbers: set[ast.expr] = set()
        self.scaled: list[tuple[Name, ast.expr, tuple[str, ...]]] = []  # loss *= value
        self.handed: dict[ast.expr, set[Name]] = defaultdict(set)
        self.read: set[str] = set()

    def note_definitions(self, file: Python) -> None:
        """Note parameters and variables of every function."""
        for scope, function, body in functions(file):
            at = (file.path, *scope)
            for statement in body:
                self.local[at].update(
                    node.id
                    for node in ast.walk(statement)
                    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
                )
            if function is None:
                continue
            of = function.args
            names = [one.arg for one in (*of.posonlyargs, *of.args, *of.kwonlyargs)]
            self.local[at].update(names)
            names = names[1:] if names[:1] in (["self"], ["cls"]) else names
            called = [scope[-1]]
            if scope[-1] in ("__init__", "forward", "__call__") and len(scope) > 1:
                called = [scope[-2]] if scope[-1] == "__init__" else [scope[-1], scope[-2]]
            for name in called:
                self.parameters[name].append((names, at))

    def note(self, file: Python) -> None:
        """Note what flows where in a file."""
        for scope, _, body in functions(file):
            at = (file.path, *scope)
            for statement in body:
                self._statement(statement, at)

    def _statement(self, statement: ast.stmt, at: tuple[str, ...]) -> None:
        for target, value in self._assigned(statement, at):
            self.values[target].append((value, at))
            self.sources[target].update(self._names(value, at))
            if LOSS.search(target[-1]):
                self.losses.add(target)
        if isinstance(statement, ast.AugAssign) and isinstance(statement.op, ast.Mult):
            for target in self._names(statement.target, at):
                self.scaled.append((target, statement.value, at))
        for node in expressions(statement):
            if isinstance(node, ast.Call):
                self._call(node, at)
            elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
                self.read.add(node.attr)
            elif isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
                self.read.add(str(node.slice.value))

    def _assigned(
        self, statement: ast.stmt, at: tuple[str, ...]
    ) -> Iterator[tuple[Name, ast.expr]]:
        if isinstance(statement, ast.For | ast.AsyncFor):
            yield from self._unpacked(statement.target, statement.iter, at)
        elif isinstance(statement, ast.Assign):
            for target in statement.targets:
                yield from self._unpacked(target, statement.value, at)
        elif isinstance(statement, ast.AnnAssign | ast.AugAssign) and statement.value is not None:
            yield from self._unpacked(statement.target, statement.value, at)
        elif isinstance(statement, ast.Return) and statement.value is not None:
            called = at[-2] if at[-1] in ("forward", "__call__") and len(at) > 2 else at[-1]
            yield (*at, f"{RETURNED} {called}"), statement.value

    def _unpacked(
        self, target: ast.expr, value: ast.expr, at: tuple[str, ...]
    ) -> Iterator[tuple[Name, ast.expr]]:
        if not isinstance(target, ast.Tuple | ast.List):
            for name in self._names(target, at):
                yield name, value
            return
        parts: list[ast.expr] = []
        if isinstance(value, ast.Tuple | ast.List):
            parts = value.elts
        elif isinstance(value, ast.Call) and dotted(value.func) == "zip":
            parts = value.args
        if len(parts) != len(target.elts):
            parts = [value] * len(target.elts)
        for one, part in zip(target.elts, parts, strict=True):
            yield from self._unpacked(one, part, at)

    def _call(self, call: ast.Call, at: tuple[str, ...]) -> None:
        name = dotted(call.func).rpartition(".")[2]
        if name == "backward" and isinstance(call.func, ast.Attribute):
            self.losses.update(self._names(call.func.value, at))
            self.losses.update(one for arg in call.args for one in self._names(arg, at))
        is_optimizer = bool(OPTIMIZERS.match(name))
        given = [(str(index), value) for index, value in enumerate(call.args)]
        given += [(one.arg, one.value) for one in call.keywords if one.arg]
        for key, value in given:
            names = self._names(value, at)
            if is_optimizer and key in ("1", "lr", "learning_rate"):
                self.rates.update(names)
                if is_number_written(value):
                    self.rate_numbers.add(value)
            for parameters, of in self.parameters.get(name, ()):
                if key.isdigit() and int(key) < len(parameters):
                    self._hand(value, names, (*of, parameters[int(key)]))
            if not key.isdigit():
                of_call = self.parameters.get(name) or self._of_objects(call)
                for parameters, of in of_call:
                    if key in parameters:
                        self._hand(value, names, (*of, key))

    def _of_objects(self, call: ast.Call) -> list[tuple[list[str], Name]]:
        """Return the parameters of an object that is called, whatever its class is."""
        root = dotted(call.func).partition(".")[0]
        return [] if root in _LIBRARIES else self.parameters.get("forward", [])

    def _hand(self, value: ast.expr, names: set[Name], parameter: Name) -> None:
        self.sources[parameter].update(names)
        self.handed[value].add(parameter)

    def _names(self, node: ast.AST, at: tuple[str, ...]) -> set[Name]:
        """Return the names whose values an expression hands on."""
        if isinstance(node, ast.Name):
            return {self._variable(node.id, at)}
        if isinstance(node, ast.Attribute):
            return {(node.attr,)}
        if isinstance(node, ast.Subscript):
            key = node.slice.value if isinstance(node.slice, ast.Constant) else None
            return {(key,)} if isinstance(key, str) else self._names(node.value, at)
        texts: list[str] = []
        inner: list[ast.expr] = []
        if isinstance(node, ast.Call) and _THROUGH.match(dotted(node.func).rpartition(".")[2]):
            texts = _texts(node.args)  # config.get("alpha")
            inner = node.args
        elif isinstance(node, ast.IfExp):
            inner = [node.body, node.orelse]
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Div):
            inner = [node.left, node.right]
        elif isinstance(node, ast.Tuple | ast.List | ast.Starred | ast.UnaryOp | ast.BoolOp):
            inner = [one for one in ast.iter_child_nodes(node) if isinstance(one, ast.expr)]
        return {(one,) for one in texts} | {name for one in inner for name in self._names(one, at)}

    def _variable(self, name: str, at: tuple[str, ...]) -> Name:
        """Return the innermost scope that has a variable; that of the module where none has."""
        for depth in range(len(at), 0, -1):
            if name in self.local[at[:depth]]:
                return (*at[:depth], name)
        return ("=", name)  # imported, or of another file

    def result(self) -> Flow:
        """Return what follows from all files."""
        self._spread_losses()
        factors: set[Name] = set()
        numbers: set[ast.expr] = set()
        for loss in self.losses:
            for value, at in self.values.get(loss, ()):
                for number, names in self._factors(value, at):
                    factors |= names
                    numbers |= {number} if number is not None else set()
        for target, value, at in self.scaled:
            if target in self.losses or LOSS.search(target[-1]):
                factors |= self._names(value, at)
                numbers |= {value} if is_number_written(value) else set()
        return Flow(
            weights=frozenset(self._behind(factors - self.losses)),
            rates=frozenset(self._behind(self.rates)),
            numbers=frozenset(numbers),
            rate_numbers=frozenset(self.rate_numbers),
            handed={node: frozenset(names) for node, names in self.handed.items()},
            read=frozenset(self.read),
        )

    def _spread_losses(self) -> None:
        """Add the names that are summands of losses, and the values of functions called so."""
        todo = set(self.losses) | {name for name in self.values if LOSS.search(name[-1])}
        while todo:
            name = todo.pop()
            self.losses.add(name)
            for value, at in self.values.get(name, ()):
                for one in self._summands(value):
                    todo |= {n for n in self._names(one, at) if n in self.values} - self.losses

    def _summands(self, node: ast.expr) -> Iterator[ast.expr]:
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
            yield from self._summands(node.left)
            yield from self._summands(node.right)
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Div):
            if is_number_written(node.left):  # 2 * total
                yield from self._summands(node.right)
            elif is_number_written(node.right):
                yield from self._summands(node.left)
        elif isinstance(node, ast.UnaryOp):
            yield from self._summands(node.operand)
        elif isinstance(node, ast.Tuple):
            for one in node.elts[:1]:
                yield from self._summands(one)
        elif isinstance(node, ast.Name | ast.Attribute):
            yield node

    def _factors(
        self, value: ast.expr, at: tuple[str, ...]
    ) -> Iterator[tuple[ast.expr | None, set[Name]]]:
        """Yield numbers and names that something is multiplied by."""
        for node in _outside_calls(value):
            if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
                for one, other in ((node.left, node.right), (node.right, node.left)):
                    if is_number_written(one) and not is_number_written(other):
                        yield one, set()
        for node in ast.walk(value):
            if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
                for one in (node.left, node.right):
                    if isinstance(one, ast.Name | ast.Attribute | ast.Subscript):
                        yield None, self._names(one, at)

    def _behind(self, names: set[Name]) -> set[Name]:
        """Return names and all that flows into them."""
        found: set[Name] = set()
        todo = set(names)
        while todo:
            name = todo.pop()
            if name in found:
                continue
            found.add(name)
            todo |= self.sources.get(name, set()) - found
            if len(name) > 1 and name[0] == "=":  # a variable of another file
                todo |= {
                    (path, name[1])
                    for path, *scope in list(self.local)
                    if not scope and name[1] in self.local[(path,)]
                } - found
        return found


def _texts(nodes: Iterable[ast.expr]) -> list[str]:
    values = [one.value for one in nodes if isinstance(one, ast.Constant)]
    return [one for one in values if isinstance(one, str)]


def _outside_calls(node: ast.AST) -> Iterator[ast.AST]:
    """Yield nodes of an expression, without arguments of calls and what it is divided by."""
    yield node
    is_divided = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)
    for child in ast.iter_child_nodes(node):
        if isinstance(node, ast.Call) and child is not node.func:
            continue
        if not (is_divided and isinstance(node, ast.BinOp) and child is node.right):
            yield from _outside_calls(child)
