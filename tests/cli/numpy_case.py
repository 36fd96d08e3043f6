# SPDX-License-Identifier: Apache-2.0
"""What one line of the tables numpy_cases.py and numpy_linalg_cases.py is.

    case("mv", "mv(A, x)", lambda A, x: A @ x, A=F(4, 3), x=F(3), inner=3)

is one comparison for each dtype of its inputs: F is every float and complex one,
R the real ones, I the integers, N all numbers, B bool; a tuple of dtypes is
itself. `inner` is the number of terms of one element, by which errors grow. A text may
have lines before its expression, for results that are not unique but in some combination:

    case("qr", "Q, R = qr(A); Q @ R", lambda A: A, A=F(4, 3), inner=4)
"""

import numpy as np

FLOATS = ("f32", "f64")
REALS = ("f16", "f32", "f64")
INEXACT = ("f32", "f64", "c64", "c128")
INTEGERS = ("i32", "i64")
NUMBERS = INTEGERS + INEXACT
NUMPY = {"bool": np.bool_, "i32": np.int32, "i64": np.int64, "f16": np.float16,
         "f32": np.float32, "f64": np.float64, "c64": np.complex64, "c128": np.complex128}
OTIUM = {np.dtype(v): k for k, v in NUMPY.items()}

# Held together by what the parser and the planner make of a graph; no case could
# call them by name.
NOT_CALLED = {"input", "constant", "size", "assume", "on", "call", "fused"}


class Spec:
    """An input: its shape, its dtypes and the range of its numbers."""

    def __init__(self, dtypes, shape, low=-2.0, high=2.0, values=None):
        self.dtypes, self.shape, self.low, self.high = dtypes, shape, low, high
        self.values = values

    def make(self, random, dtype):
        kind = NUMPY[dtype]
        if self.values is not None:
            return np.asarray(self.values, kind).reshape(self.shape)
        if dtype == "bool":
            return random.random(self.shape) < 0.5
        if dtype in INTEGERS:
            return random.integers(-9 if self.low < 0 else 1, 10, self.shape).astype(kind)
        values = random.uniform(self.low, self.high, self.shape)
        if dtype in ("c64", "c128"):
            values = values + 1j * random.uniform(self.low, self.high, self.shape)
        return np.asarray(values).astype(kind)


def F(*shape, **more): return Spec(INEXACT, shape, **more)
def R(*shape, **more): return Spec(REALS, shape, **more)
def I(*shape, **more): return Spec(INTEGERS, shape, **more)
def N(*shape, **more): return Spec(NUMBERS, shape, **more)
def B(*shape, **more): return Spec(("bool",), shape, **more)
def D(dtypes, *shape, **more): return Spec(dtypes.split(), shape, **more)


class Case:
    def __init__(self, op, text, expected, inputs, inner=1, out=None, results=1):
        self.op, self.text, self.expected, self.inputs = op, text, expected, inputs
        self.inner, self.out, self.results = inner, out, results

    def dtypes(self):
        """Inputs of one set of dtypes go through it together; others have one."""
        sets = {s.dtypes for s in map(lambda s: Spec(tuple(s.dtypes), ()), self.inputs.values())}
        longest = max(sets, key=len, default=())
        for dtype in longest or (None,):
            yield {name: dtype if tuple(s.dtypes) == tuple(longest) else s.dtypes[0]
                   for name, s in self.inputs.items()}


CASES = []


def case(op, text, expected, *, inner=1, out=None, results=1, **inputs):
    CASES.append(Case(op, text, expected, inputs, inner, out, results))
