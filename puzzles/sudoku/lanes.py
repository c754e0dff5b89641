"""Vectors of 16 lanes of 16 bits for numba kernels: one numba type, a few intrinsics that emit LLVM's portable vectors.

LLVM lowers them to what the processor has: one AVX2 register, two of NEON or SSE. ``a & b`` and ``a | b`` work
lane by lane; memory is a one-dimensional uint64 array, four words a vector.
"""

from __future__ import annotations

import operator
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import intrinsic, lower_builtin, models, register_model

COUNT = 16
"""Lanes of a vector."""
WORDS = 4
"""Elements of a uint64 array that hold a vector."""
_WORD, _LANE, _INDEX = ir.IntType(64), ir.IntType(16), ir.IntType(32)
_VECTOR = ir.VectorType(_LANE, COUNT)
_ZERO = ir.Constant(_VECTOR, [0] * COUNT)


class Lanes(types.Type):
    """The numba type of a vector."""

    def __init__(self):
        super().__init__(name="Lanes")


LANES = Lanes()


def _intrinsic(function) -> Any:
    """Wrap ``intrinsic``, whose type says that callers pass the typing context."""
    return intrinsic(function)


@register_model(Lanes)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, manager, lanes):
        super().__init__(manager, lanes, _VECTOR)


def _lane_by_lane(operation, instruction):
    class Template(AbstractTemplate):
        def generic(self, args, kws):
            return signature(LANES, LANES, LANES) if args == (LANES, LANES) else None

    infer_global(operation)(Template)

    @lower_builtin(operation, Lanes, Lanes)
    def lower(context, builder, sig, args):
        return getattr(builder, instruction)(*args)


_lane_by_lane(operator.and_, "and_")
_lane_by_lane(operator.or_, "or_")


@_intrinsic
def load(typing, memory, at):
    """Return vector number ``at`` of ``memory``, a contiguous (words,) uint64 array."""

    def lower(context, builder, sig, args):
        return builder.load(_pointer(context, builder, sig, args), align=8)

    return signature(LANES, memory, at), lower


@_intrinsic
def store(typing, memory, at, vector):
    """Write ``vector`` into ``memory`` as number ``at``."""

    def lower(context, builder, sig, args):
        builder.store(args[2], _pointer(context, builder, sig, args), align=8)
        return context.get_dummy_value()

    return signature(types.none, memory, at, LANES), lower


def _pointer(context, builder, sig, args):
    array = cgutils.create_struct_proxy(sig.args[0])(context, builder, args[0])
    first = builder.mul(args[1], ir.Constant(args[1].type, WORDS))
    return builder.bitcast(builder.gep(array.data, [first]), _VECTOR.as_pointer())


def constant(values):
    """Return an intrinsic that gives the vector of ``values``."""
    lanes = ir.Constant(_VECTOR, [int(value) for value in values])

    @_intrinsic
    def literal(typing):
        return signature(LANES), lambda context, builder, sig, args: lanes

    return literal


def shuffle(order):
    """Return an intrinsic of (a, b): lane i of its result is lane ``order[i]`` of a, from 16 on of b."""
    mask = ir.Constant(ir.VectorType(_INDEX, COUNT), [int(lane) for lane in order])

    @_intrinsic
    def shuffled(typing, a, b):
        return signature(LANES, a, b), lambda context, builder, sig, args: builder.shuffle_vector(*args, mask)

    return shuffled


def permutation(order):
    """Return an intrinsic of (a,): lane i of its result is lane ``order[i]`` of a; 0 where that is None."""
    mask = ir.Constant(ir.VectorType(_INDEX, COUNT), [COUNT if lane is None else int(lane) for lane in order])

    @_intrinsic
    def permuted(typing, a):
        def lower(context, builder, sig, args):
            return builder.shuffle_vector(args[0], _ZERO, mask)

        return signature(LANES, a), lower

    return permuted


@_intrinsic
def without(typing, a, b):
    """Return the bits of ``a`` that are not in ``b``."""

    def lower(context, builder, sig, args):
        return builder.and_(args[0], builder.not_(args[1]))

    return signature(LANES, a, b), lower


@_intrinsic
def counts(typing, a):
    """Return how many bits each lane has."""

    def lower(context, builder, sig, args):
        shape = ir.FunctionType(_VECTOR, (_VECTOR,))
        return builder.call(cgutils.get_or_insert_function(builder.module, shape, "llvm.ctpop.v16i16"), args)

    return signature(LANES, a), lower


@_intrinsic
def where_equal(typing, a, b):
    """Return all bits set in the lanes where ``a`` equals ``b``, none elsewhere."""

    def lower(context, builder, sig, args):
        return builder.sext(builder.icmp_unsigned("==", *args), _VECTOR)

    return signature(LANES, a, b), lower


@_intrinsic
def where_any(typing, a):
    """Return all bits set in the lanes that are not 0, none elsewhere."""

    def lower(context, builder, sig, args):
        return builder.sext(builder.icmp_unsigned("!=", args[0], _ZERO), _VECTOR)

    return signature(LANES, a), lower


@_intrinsic
def any_less(typing, a, b):
    """Return whether some lane of ``a`` is less than that of ``b``."""

    def lower(context, builder, sig, args):
        bits = builder.bitcast(builder.icmp_unsigned("<", *args), ir.IntType(COUNT))
        return builder.icmp_unsigned("!=", bits, bits.type(0))

    return signature(types.boolean, a, b), lower


@_intrinsic
def any_bit(typing, a):
    """Return whether some lane is not 0."""

    def lower(context, builder, sig, args):
        bits = builder.bitcast(builder.icmp_unsigned("!=", args[0], _ZERO), ir.IntType(COUNT))
        return builder.icmp_unsigned("!=", bits, bits.type(0))

    return signature(types.boolean, a), lower


@_intrinsic
def bit_count(typing, word):
    """Return how many bits a uint64 has."""

    def lower(context, builder, sig, args):
        return builder.ctpop(args[0])

    return signature(types.int64, types.uint64), lower
