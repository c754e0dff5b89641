"""In-place writes to a part of a tensor, made plain in an exported program.

ONNX has no writes. Where a model says ``read[:, first:] += around``, torch makes ten nodes of each, with two
transpositions of the whole tensor. Here it becomes a concatenation of the parts, and a part that is read again is taken
from where it was written.
"""

from __future__ import annotations

import sys
from typing import Any

import torch
from torch._ops import OpOverload
from torch.export import ExportedProgram
from torch.fx import Graph, Node

_SLICE = torch.ops.aten.slice.Tensor
_SCATTER = torch.ops.aten.slice_scatter.default
_CAT = torch.ops.aten.cat.default
_COPY = torch.ops.aten.copy.default


def without_writes(program: ExportedProgram) -> ExportedProgram:
    """Return the same program without in-place writes; itself where it has none."""
    operators = [node.target for node in program.graph.nodes if isinstance(node.target, OpOverload)]
    if not any(operator._schema.is_mutable for operator in operators):
        return program
    program = program.run_decompositions({})  # which makes a slice_scatter of each
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
    """Return what takes the place of a node; itself to keep it."""
    if node.target is _COPY:
        onto, written, *_ = _arguments(node)
        return written if _value(onto).shape == _value(written).shape else node
    if node.target is _SLICE:
        source, axis, *ends = _arguments(node)
        where = _range(source, axis, *ends)
        return node if where is None else _joined(graph, _parts(graph, source, axis, *where), axis)
    if node.target is _SCATTER:
        source, written, axis, *ends = _arguments(node)
        where = _range(source, axis, *ends)
        if where is None:
            return node
        before, after = _parts(graph, source, axis, 0, where[0]), _parts(graph, source, axis, where[1], sys.maxsize)
        return _joined(graph, [*before, written, *after], axis)
    return node


def _arguments(node: Node) -> list[Any]:
    """Return the arguments of an operator's node in the order of its schema, with the defaults of those left out."""
    assert isinstance(node.target, OpOverload)
    given = node.args
    rest = node.target._schema.arguments[len(given) :]
    return [*given, *(node.kwargs.get(argument.name, argument.default_value) for argument in rest)]


def _range(source: Node, axis: int, start: int | None, end: int | None, step: int) -> tuple[int, int] | None:
    """Return where a slice starts and ends, ``sys.maxsize`` for the end of the axis.

    None where it has a step, holds nothing, or is a part of the batch, whose size is not known.
    """
    size = _value(source).shape[axis]
    known = isinstance(size, int)
    if step == 1 and start in (None, 0) and (end in (None, sys.maxsize) or (known and end >= size)):
        return 0, sys.maxsize
    if step != 1 or not known:
        return None
    first, last, _ = slice(start, end).indices(size)
    return (first, last) if first < last else None


def _parts(graph: Graph, source: Node, axis: int, start: int, end: int) -> list[Node]:
    """Return what holds a source from ``start`` to ``end``: some of the parts it was joined from, or a slice."""
    if (start, end) == (0, sys.maxsize):
        return [source]
    size = _value(source).shape[axis]
    end = min(end, size)
    if start >= end:
        return []
    parts, place, found = _joined_from(source, axis), 0, []
    for part in parts:
        width = _value(part).shape[axis]
        if start <= place and place + width <= end:
            found.append(part)
        elif start < place + width and place < end:  # cut in two
            return [_call(graph, _SLICE, source, axis, start, end)]
        place += width
    return found


def _joined_from(source: Node, axis: int) -> list[Node]:
    if source.target is _CAT:
        parts, along = _arguments(source)
        if along == axis:
            return list(parts)
    return [source]


def _joined(graph: Graph, parts: list[Node], axis: int) -> Node:
    return parts[0] if len(parts) == 1 else _call(graph, _CAT, parts, axis)


def _call(graph: Graph, operator: Any, *args: Any) -> Node:
    """Insert a node, with its value, whose shape later nodes are asked for."""
    node = graph.call_function(operator, args)
    values = ([_value(one) for one in arg] if isinstance(arg, list) else _value(arg) for arg in args)
    node.meta["val"] = operator(*values)
    return node


def _value(arg: Any) -> Any:
    return arg.meta["val"] if isinstance(arg, Node) else arg
