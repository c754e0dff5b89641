"""In-place writes to a part of a tensor, made plain in an exported program.

``torch.export`` turns ``read[:, first:] += around`` into ``slice_scatter``, which ONNX has no operator for: each becomes
ten nodes, with two transpositions of the whole tensor. Here it becomes a concatenation of parts, and a part that is read
again is taken from where it was written.
"""

from __future__ import annotations

import sys
from typing import Any

import torch
from torch import Tensor
from torch.export import ExportedProgram
from torch.fx import Graph, Node

_SLICE = torch.ops.aten.slice.Tensor
_SCATTER = torch.ops.aten.slice_scatter.default
_CAT = torch.ops.aten.cat.default
_COPY = torch.ops.aten.copy.default


def without_scatters(program: ExportedProgram) -> ExportedProgram:
    """Return a functional program without ``slice_scatter``. The program that is passed is changed."""
    module = program.graph_module
    with module._set_replace_hook(program.graph_signature.get_replace_hook()):
        for node in list(module.graph.nodes):
            with module.graph.inserting_before(node):
                new = _plain(module.graph, node)
            if new is not node:
                node.replace_all_uses_with(new)
    module.graph.eliminate_dead_code()
    module.recompile()
    return program


def _plain(graph: Graph, node: Node) -> Node:
    """Return what a node is to be replaced with; itself to keep it."""
    if node.target is _COPY:
        onto, written = _arguments(node)[:2]
        return written if _value(onto).shape == _value(written).shape else node
    if node.target is _SLICE:
        source, axis, *where = _arguments(node)
        part = _range(source, axis, *where)
        return node if part is None else _joined(graph, _parts(graph, source, axis, *part), axis)
    if node.target is _SCATTER:
        source, written, axis, *where = _arguments(node)
        part = _range(source, axis, *where)
        if part is None:
            return node
        before, after = _parts(graph, source, axis, 0, part[0]), _parts(graph, source, axis, part[1], sys.maxsize)
        return _joined(graph, [*before, written, *after], axis)
    return node


def _arguments(node: Node) -> list[Any]:
    """Return the arguments of an operator's node in the order of its schema, with the defaults of those left out."""
    given = node.args
    schema = node.target._schema.arguments  # type: ignore[union-attr]
    rest = (node.kwargs.get(argument.name, argument.default_value) for argument in schema[len(given) :])
    return [*given, *rest]


def _range(source: Node, axis: int, start: int | None, end: int | None, step: int) -> tuple[int, int] | None:
    """Return where a slice starts and ends; None where it has a step, or is a part of the batch."""
    size = _value(source).shape[axis]
    if isinstance(size, int) and step == 1:
        return slice(start, end).indices(size)[:2]
    whole = start in (None, 0) and end in (None, sys.maxsize) and step == 1
    return (0, sys.maxsize) if whole else None


def _parts(graph: Graph, source: Node, axis: int, start: int, end: int) -> list[Node]:
    """Return nodes that hold a source from ``start`` to ``end``, in order: parts of it that have been joined, or one slice."""
    size = _value(source).shape[axis]
    if start == 0 and end == sys.maxsize:
        return [source]
    end = min(end, size)
    if start >= end:
        return []
    if (start, end) == (0, size):
        return [source]
    if source.target is _CAT and _arguments(source)[1] == axis:
        found, place = [], 0
        for part in source.args[0]:
            width = _value(part).shape[axis]
            if start <= place and place + width <= end:
                found.append(part)
            elif start < place + width and place < end:
                break
            place += width
        else:
            return found
    return [_call(graph, _SLICE, source, axis, start, end)]


def _joined(graph: Graph, parts: list[Node], axis: int) -> Node:
    return parts[0] if len(parts) == 1 else _call(graph, _CAT, parts, axis)


def _call(graph: Graph, operator: Any, *args: Any) -> Node:
    """Insert a node with the value that later nodes ask for its shape."""
    node = graph.call_function(operator, args)
    values = ([_value(one) for one in arg] if isinstance(arg, list) else _value(arg) for arg in args)
    node.meta["val"] = operator(*values)
    return node


def _value(arg: Any) -> Any:
    return arg.meta["val"] if isinstance(arg, Node) else arg
