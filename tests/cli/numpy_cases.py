# SPDX-License-Identifier: Apache-2.0
"""A table of ops with what NumPy and SciPy say of them: all but linear algebra."""

import numpy as np
import scipy.special

from numpy_case import B, D, F, N, R, case

# ---- creation

case("zeros", "zeros([2, 3], dtype=f32)", lambda: np.zeros((2, 3), np.float32))
case("ones", "ones([2, 0, 3], dtype=i64)", lambda: np.ones((2, 0, 3), np.int64))
case("full", "full([2, 2], 2.5, dtype=f64)", lambda: np.full((2, 2), 2.5))
case("eye", "eye(3, dtype=f64)", lambda: np.eye(3))
case("eye", "eye(3, 5, dtype=c64)", lambda: np.eye(3, 5, dtype=np.complex64))
case("arange", "arange(7)", lambda: np.arange(7))
case("arange", "arange(2, 11, 3, dtype=f64)", lambda: np.arange(2.0, 11, 3))
case("linspace", "linspace(-1, 1, 9, dtype=f64)", lambda: np.linspace(-1, 1, 9))
case("zeros_like", "zeros_like(x)", np.zeros_like, x=N(2, 3))
case("ones_like", "ones_like(x)", np.ones_like, x=N(2, 3))
case("full_like", "full_like(x, 3)", lambda x: np.full_like(x, 3), x=N(2, 3))
# Random numbers: what they promise, not what they are.
case("rand", "rand([10000], dtype=f64) >= 0", lambda: np.ones(10000, bool))
case("rand", "abs(mean(rand([10000], dtype=f64)) - 0.5) < 0.02", lambda: np.array(True))
case("randn", "abs(mean(randn([10000], dtype=f64))) < 0.05", lambda: np.array(True))
case("randn", "abs(std(randn([10000], dtype=f64)) - 1) < 0.05", lambda: np.array(True))
case("rand_like", "rand_like(x) < 1", lambda x: np.ones(x.shape, bool), x=R(3, 4))
case("randn_like", "isfinite(randn_like(x))", lambda x: np.ones(x.shape, bool), x=R(3, 4))
case("cast", "cast(x, f32)", lambda x: x.astype(np.float32), x=D("bool i32 i64 f16 f64", 3, 4))
case("cast", "cast(x, bool)", lambda x: x != 0,
     x=D("i32 f16 f64 c64 c128", 4, values=[0, 1, -0.0, 0.25]))
case("cast", "cast(x, bool)", lambda x: x != 0,
     x=D("c64 c128", 4, values=[0, 1j, complex(0, -0.0), complex(np.nan, 0)]))
case("cast", "cast(x, c128)", lambda x: x.astype(np.complex128), x=D("bool i32 f16 c64", 5))
case("cast", "cast(cast(x, bf16), f32)", lambda x: x, x=D("f32", 3, values=[1, -2.5, 0.125]))
case("clone", "clone(x)", lambda x: x, x=N(2, 3))

# ---- pointwise, two operands: equal shapes, broadcast, sizes of 0 and of 1

PAIRS = [((3, 4), (3, 4)), ((3, 4), (4,)), ((3, 1), (1, 4)), ((2, 3, 4), (3, 1)), ((0, 4), (4,)),
         ((), (3, 4)), ((5,), ())]
for left, right in PAIRS:
    case("add", "x + y", np.add, x=N(*left), y=N(*right))
    case("sub", "x - y", np.subtract, x=N(*left), y=N(*right))
    case("mul", "x * y", np.multiply, x=N(*left), y=N(*right))
    case("div", "x / y", np.divide, x=F(*left), y=F(*right, low=0.5))
    case("pow", "x ** y", np.power, x=R(*left, low=0.2), y=R(*right))
    case("minimum", "minimum(x, y)", np.minimum, x=D("i32 i64 f16 f32 f64", *left),
         y=D("i32 i64 f16 f32 f64", *right))
    case("maximum", "maximum(x, y)", np.maximum, x=D("i32 i64 f16 f32 f64", *left),
         y=D("i32 i64 f16 f32 f64", *right))
    case("atan2", "atan2(x, y)", np.arctan2, x=D("f32 f64", *left), y=D("f32 f64", *right))
    case("lt", "x < y", np.less, x=D("i32 f32 f64", *left), y=D("i32 f32 f64", *right))
    case("logical_and", "logical_and(x, y)", np.logical_and, x=B(*left), y=B(*right))
case("add", "add(x, y)", np.add, x=N(2, 3), y=N(2, 3))
case("add", "x + y", lambda x, y: x + y, x=D("i32", 4), y=D("f64", 4), out="f64")
case("add", "x + y", lambda x, y: x + y, x=D("f32", 4), y=D("c128", 4), out="c128")
case("add", "x + y", lambda x, y: (x + y).astype(np.float32), x=D("f32", 4), y=D("f64"), out="f32")
case("mul", "x * 2.5 + 1", lambda x: (x * 2.5 + 1).astype(x.dtype), x=R(4))
case("div", "x / y", lambda x, y: (x / y).astype(np.float32), x=D("i32 i64", 6), y=D("i32 i64", 6, low=1),
     out="f32")
case("floor_divide", "floor_divide(x, y)", np.floor_divide, x=D("i32 i64 f32 f64", 40),
     y=D("i32 i64 f32 f64", 40, low=0.5))
case("remainder", "remainder(x, y)", np.remainder, x=D("i32 i64 f32 f64", 40),
     y=D("i32 i64 f32 f64", 40, low=0.5))
case("fmod", "fmod(x, y)", np.fmod, x=D("i32 i64 f32 f64", 40), y=D("i32 i64 f32 f64", 40, low=0.5))
for text, function in (("le", np.less_equal), ("gt", np.greater), ("ge", np.greater_equal),
                       ("eq", np.equal), ("ne", np.not_equal)):
    sign = {"le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!="}[text]
    case(text, f"x {sign} y", function, x=D("i32 i64 f32 f64", 50), y=D("i32 i64 f32 f64", 50))
    case(text, f"{text}(x, 1)", lambda x, f=function: f(x, 1), x=D("i32 f64", 50))
case("eq", "x == x", lambda x: x == x, x=D("f64 c128", 3, values=[np.nan, np.inf, 1]))
for text in ("logical_or", "logical_xor"):
    case(text, f"{text}(x, y)", getattr(np, text), x=B(20), y=B(20))
    case(text, f"{text}(x, y)", getattr(np, text), x=D("i32 f64", 20), y=D("i32 f64", 20))
case("logical_not", "logical_not(x)", np.logical_not, x=D("bool i32 f64", 20))

# ---- pointwise, one operand

SPECIAL = [0.0, -0.0, 1, -1, np.inf, -np.inf, np.nan, 1e-30, 80, -80, 0.5]


def unary(op, function, *, dtypes="f16 f32 f64", low=-2.0, special=True, text=None, **more):
    text = text or f"{op}(x)"
    case(op, text, function, x=D(dtypes, 3, 17, low=low), **more)
    case(op, text, function, x=D(dtypes, 0, 4), **more)
    if special:
        case(op, text, function, x=D("f32 f64", len(SPECIAL), values=SPECIAL), **more)


def same(function):
    """SciPy gives f32 for f16."""
    return lambda x: function(x).astype(x.dtype)


COMPLEX = "f32 f64 c64 c128"
ALL = "i32 i64 f32 f64 c64 c128"
unary("neg", np.negative, dtypes=ALL)
unary("neg", np.negative, text="-x", dtypes=ALL)
unary("abs", np.abs, dtypes="i32 i64 f16 f32 f64")
case("abs", "abs(x)", np.abs, x=D("c64 c128", 20))
# As in PyTorch, the sign of NaN is 0.
unary("sign", lambda x: np.where(x == x, np.sign(x), 0).astype(x.dtype), dtypes="i32 i64 f32 f64")
unary("square", np.square, dtypes=ALL)
unary("sqrt", np.sqrt, low=0.1, dtypes=COMPLEX)
unary("rsqrt", lambda x: 1 / np.sqrt(x), low=0.1)
unary("reciprocal", lambda x: 1 / x, low=0.1, dtypes=COMPLEX)
for op in ("exp", "expm1", "sin", "cos", "tan", "tanh", "floor", "ceil"):
    unary(op, getattr(np, op))
for op in ("exp", "sin", "cos", "tanh", "log"):
    case(op, f"{op}(x)", getattr(np, op), x=D("c64 c128", 20, low=0.1), inner=4)
unary("log", np.log, low=0.01)
unary("log1p", np.log1p, low=-0.9)
unary("round", np.round)
unary("sigmoid", same(scipy.special.expit))
unary("erf", same(scipy.special.erf))
unary("relu", lambda x: np.where(np.isnan(x), x, np.maximum(x, 0)), dtypes="i32 i64 f32 f64")
unary("silu", same(lambda x: x * scipy.special.expit(x)), special=False)
unary("gelu", same(lambda x: x * 0.5 * (1 + scipy.special.erf(x / np.sqrt(2)))), special=False,
      inner=4)
unary("gelu", lambda x: x * 0.5 * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))),
      text='gelu(x, approximate="tanh")', special=False, inner=4)
unary("softplus", lambda x: np.logaddexp(x, 0), special=False)
unary("leaky_relu", lambda x: np.where(x > 0, x, 0.25 * x), text="leaky_relu(x, 0.25)", special=False)
unary("isnan", np.isnan)
unary("isinf", np.isinf)
unary("isfinite", np.isfinite)
# Where the textbook's formulas overflow on the way, or divide by what is too small.
TINY = [1e-40 + 2e-40j, 1e-42, -3e-43j]
case("div", "x / x", np.ones_like, x=D("c64", 3, values=TINY))
case("div", "x / x", np.ones_like, x=D("c128", 3, values=[v * 1e-270 for v in TINY]))
case("reciprocal", "reciprocal(x)", lambda x: 1 / x,
     x=D("c64", 2, values=[1e25 - 2e25j, 3e-20 + 1e-25j]))
# Infinities stay in their part when the divisor has only one.
case("div", "imag(x / 2j)", lambda x: np.array(-500, x.real.dtype),
     x=D("c64 c128", values=complex(1000, np.inf)))
case("mean", "imag(mean(x))", lambda x: np.array(2, x.real.dtype),
     x=D("c64 c128", 2, values=[complex(np.inf, 3), 1 + 1j]))
case("pow", "x ** 0.5", np.sqrt, x=D("c64 c128", 3, values=[1e30 - 2.5j, -3 + 4j, 2e-30j]))
case("pow", "x ** -0.5", lambda x: 1 / np.sqrt(x), x=D("c128", 2, values=[1e300 - 1000j, 1e-300j]))
case("pow", "x ** y", np.power, x=D("c64", 40, low=0.5), y=D("c64", 40), inner=2)

case("conj", "conj(x) * 1", np.conj, x=F(3, 4))
case("real", "real(x) + 0", np.real, x=D("c64 c128", 3, 4))
case("imag", "imag(x) + 0", np.imag, x=D("c64 c128", 3, 4))
case("angle", "angle(x)", np.angle, x=D("c64 c128", 30))
case("clamp", "clamp(x, -1, 1)", lambda x: np.clip(x, -1, 1), x=D("i32 i64 f16 f32 f64", 30))
case("clamp", "clamp(x, min=0)", lambda x: np.maximum(x, 0), x=D("i32 f64", 30))
case("clamp", "clamp(x, max=y)", lambda x, y: np.minimum(x, y), x=D("f32 f64", 3, 5),
     y=D("f32 f64", 5))
case("where", "where(c, x, y)", np.where, c=B(3, 4), x=N(3, 4), y=N(4))
case("where", "where(x > 0, x, 0)", lambda x: np.where(x > 0, x, 0).astype(x.dtype), x=R(20))
case("lerp", "lerp(x, y, 0.25)", lambda x, y: x + 0.25 * (y - x), x=F(3, 4), y=F(4), inner=2)
case("addcmul", "addcmul(x, y, z, value=2)", lambda x, y, z: x + 2 * y * z, x=F(3, 4), y=F(4),
     z=F(3, 1), inner=2)
case("addcdiv", "addcdiv(x, y, z)", lambda x, y, z: x + y / z, x=F(3, 4), y=F(4),
     z=F(3, 1, low=0.5), inner=2)

# ---- reductions

AXES = [("", None), ("dim=0", 0), ("dim=-1", -1), ("dim=[0, 2]", (0, 2)), ("dim=1, keepdim=true", 1)]


def reduction(op, function, *, dtypes=ALL, shape=(3, 4, 5), low=-2.0, axes=AXES, inner=60, **more):
    for text, axis in axes:
        keep = "keepdim" in text
        case(op, f"{op}(x{', ' + text if text else ''})",
             lambda x, axis=axis, keep=keep: function(x, axis=axis, keepdims=keep),
             x=D(dtypes, *shape, low=low), inner=inner, **more)


def widened(function):
    """Integers are summed in 64 bits."""
    return lambda x, **k: function(x.astype(np.int64) if x.dtype.kind in "ib" else x, **k)


reduction("sum", widened(np.sum))
reduction("sum", widened(np.sum), shape=(3, 0, 5))
reduction("sum", widened(np.sum), dtypes="bool", shape=(3, 4, 5))
case("sum", "sum(x)", lambda x: x.sum(), x=D("f32 f64", 100003), inner=100)
case("sum", "sum(x, dim=0)", lambda x: x.sum(0), x=D("f32 f64", 517, 33), inner=517)
case("sum", "sum(x, dim=1)", lambda x: x.sum(1), x=D("f32 f64", 33, 517), inner=517)
reduction("prod", widened(np.prod), low=0.5, dtypes="i64 f32 f64 c64 c128", shape=(2, 3, 4))
reduction("mean", np.mean, dtypes=COMPLEX)
reduction("amax", np.max, dtypes="i32 i64 f16 f32 f64")
reduction("amin", np.min, dtypes="i32 i64 f16 f32 f64")
reduction("all", np.all, dtypes="bool i32 f64")
reduction("any", np.any, dtypes="bool i32 f64")
reduction("var", lambda x, **k: np.var(x, ddof=1, **k), dtypes=COMPLEX)
reduction("std", lambda x, **k: np.std(x, ddof=1, **k), dtypes=COMPLEX)
case("var", "var(x, correction=0)", np.var, x=D("f32 f64", 40), inner=40)
case("var_mean", "var_mean(x, dim=1)", lambda x: (np.var(x, axis=1, ddof=1), np.mean(x, axis=1)),
     x=D(COMPLEX, 6, 20), results=2, inner=20)
reduction("count_nonzero", lambda x, keepdims, **k: np.count_nonzero(x, **k),
          dtypes="bool i32 f64", axes=AXES[:1])
for text, axis in (("", None), (", dim=0", 0), (", dim=-1", -1)):
    case("argmax", f"argmax(x{text})", lambda x, a=axis: np.argmax(x, axis=a),
         x=D("i32 f32 f64", 7, 9), out="i64")
    case("argmin", f"argmin(x{text})", lambda x, a=axis: np.argmin(x, axis=a),
         x=D("i32 f32 f64", 7, 9), out="i64")
for axis in (0, 1):
    case("logsumexp", f"logsumexp(x, dim={axis})",
         lambda x, a=axis: scipy.special.logsumexp(x, axis=a),
         x=D("f32 f64", 8, 9), inner=9)
    case("softmax", f"softmax(x, dim={axis})", lambda x, a=axis: scipy.special.softmax(x, axis=a),
         x=D("f32 f64", 8, 9), inner=9)
    case("log_softmax", f"log_softmax(x, dim={axis})",
         lambda x, a=axis: scipy.special.log_softmax(x, axis=a), x=D("f32 f64", 8, 9), inner=9)
    case("cumsum", f"cumsum(x, dim={axis})", widened(lambda x, a=axis: np.cumsum(x, axis=a)),
         x=D("i32 i64 f32 f64 c128", 8, 9), inner=9)
    case("cumprod", f"cumprod(x, dim={axis})", widened(lambda x, a=axis: np.cumprod(x, axis=a)),
         x=D("i64 f32 f64", 6, 7, low=0.5), inner=9)
# With a dtype they are of x in that dtype, and have it.
case("sum", "sum(x, dtype=f64)", lambda x: np.sum(x, dtype=np.float64), x=D("bool i32 f16 f32", 3, 4),
     out="f64", inner=12)
case("sum", "sum(x, 0, dtype=i32)", lambda x: np.sum(x, 0, dtype=np.int32), out="i32",
     x=D("i32 i64", 3, 2, values=[[2**31 - 1, -5], [7, 6], [2**30, -1]]))
case("sum", "sum(x, dim=1, keepdim=true, dtype=bool)",
     lambda x: (x != 0).any(1, keepdims=True), x=D("i32", 2, 2, values=[[1, -1], [0, 0]]),
     out="bool")
case("prod", "prod(x, dtype=c128)", lambda x: np.prod(x, dtype=np.complex128), x=D("i32 f64 c64", 7),
     out="c128", inner=7)
case("mean", "mean(x, 1, dtype=f32)", lambda x: np.mean(x, 1), x=D("bool i32 i64 f32", 3, 4),
     out="f32", inner=4)
case("cumsum", "cumsum(x, 1, dtype=i32)", lambda x: np.cumsum(x, 1, dtype=np.int32),
     x=D("bool i32 i64", 3, 4), out="i32")
case("cumprod", "cumprod(x, 0, dtype=f64)", lambda x: np.cumprod(x, 0, dtype=np.float64),
     x=D("i32 f32", 5, 2), out="f64", inner=5)
for text, function in (("softmax", scipy.special.softmax), ("log_softmax", scipy.special.log_softmax)):
    case(text, f"{text}(x, 1, dtype=f64)", lambda x, f=function: f(x.astype(np.float64), axis=1),
         x=D("i32 f16 f32", 3, 4), out="f64", inner=4)
for text in ("norm", "vector_norm"):
    case(text, f"{text}(x, dtype=f64)", lambda x: np.linalg.norm(x.astype(np.float64)),
         x=D("i32 f16 f32", 9), out="f64", inner=9)
case("trace", "trace(A)", lambda A: np.trace(A), A=D(COMPLEX, 6, 6), inner=6)
case("trace", "trace(A)", lambda A: np.trace(A), A=D("f64", 4, 7), inner=4)
for order, written in ((2, "2"), (1, "1"), (np.inf, "inf"), (-np.inf, "-inf"), (0, "0"), (3, "3")):
    case("vector_norm", f"vector_norm(x, {written})",
         lambda x, o=order: np.linalg.norm(x.ravel(), o), x=D(COMPLEX, 20), inner=20)
for order, written in (("fro", '"fro"'), (1, "1"), (-1, "-1"), (np.inf, "inf"), (-np.inf, "-inf")):
    case("norm", f"norm(A, {written})", lambda A, o=order: np.linalg.norm(A, o),
         A=D(COMPLEX, 5, 7), inner=35)
case("norm", "norm(x)", np.linalg.norm, x=D(COMPLEX, 20), inner=20)

# ---- shapes: no arithmetic, so every dtype is one

MOVE = "bool i32 f32 c128"


def moving(op, text, function, *shape, **more):
    case(op, text, function, x=D(MOVE, *shape), **more)


moving("reshape", "reshape(x, [4, 6])", lambda x: x.reshape(4, 6), 2, 3, 4)
moving("reshape", "reshape(x.T, [-1])", lambda x: x.T.reshape(-1), 3, 4)
moving("flatten", "flatten(x, 1)", lambda x: x.reshape(2, 12), 2, 3, 4)
moving("unflatten", "unflatten(x, 0, [2, -1])", lambda x: x.reshape(2, 3, 4), 6, 4)
moving("transpose", "transpose(x, 0, 2)", lambda x: x.swapaxes(0, 2), 2, 3, 4)
moving("transpose", "x.T", lambda x: x.swapaxes(-1, -2), 2, 3, 4)
moving("transpose", "x.H", lambda x: x.conj().swapaxes(-1, -2), 2, 3, 4)
moving("permute", "permute(x, [2, 0, 1])", lambda x: x.transpose(2, 0, 1), 2, 3, 4)
moving("movedim", "movedim(x, 0, 2)", lambda x: np.moveaxis(x, 0, 2), 2, 3, 4)
moving("squeeze", "squeeze(x)", np.squeeze, 1, 3, 1)
moving("unsqueeze", "unsqueeze(x, 1)", lambda x: x[:, None], 3, 4)
moving("expand", "expand(x, [2, 3, -1])", lambda x: np.broadcast_to(x, (2, 3, 4)), 1, 4)
moving("broadcast_to", "broadcast_to(x, [2, 3, 4])", lambda x: np.broadcast_to(x, (2, 3, 4)), 4)
moving("flip", "flip(x, [0, 1])", lambda x: x[::-1, ::-1], 3, 4)
moving("roll", "roll(x, 2, 1)", lambda x: np.roll(x, 2, 1), 3, 5)
moving("slice", "x[1:, ::2]", lambda x: x[1:, ::2], 4, 5)
moving("slice", "x[-2:, 0:0]", lambda x: x[-2:, 0:0], 4, 5)
moving("slice", "x[..., 1:-1]", lambda x: x[..., 1:-1], 2, 4, 5)
moving("select", "x[1]", lambda x: x[1], 3, 4)
moving("select", "x[-1, 2]", lambda x: x[-1, 2], 3, 4)
moving("narrow", "narrow(x, 1, 1, 2)", lambda x: x[:, 1:3], 3, 4)
case("index_select", "index_select(x, 0, i)", lambda x, i: x[i], x=D(MOVE, 5, 3),
     i=D("i64", 4, values=[4, 0, 0, 2]))
case("gather", "gather(x, 1, i)", lambda x, i: np.take_along_axis(x, i, 1), x=D(MOVE, 2, 4),
     i=D("i64", 2, 3, values=[[3, 0, 0], [1, 2, 1]]))
moving("diag", "diag(x)", np.diag, 4)
moving("diag", "diag(x, 1)", lambda x: np.diag(x, 1), 4, 5)
moving("diagonal", "diagonal(x, -1)", lambda x: np.diagonal(x, -1), 4, 5)
moving("tril", "tril(x, 1)", lambda x: np.tril(x, 1), 2, 4, 5)
moving("triu", "triu(x, -1)", lambda x: np.triu(x, -1), 4, 3)
moving("nonzero", "nonzero(x)", lambda x: np.argwhere(x), 4, 5, out="i64")
case("cat", "cat([x, y], 1)", lambda x, y: np.concatenate([x, y], 1), x=D(MOVE, 3, 2),
     y=D(MOVE, 3, 4))
case("cat", "cat(x, y)", lambda x, y: np.concatenate([x, y]), x=D(MOVE, 0, 2), y=D(MOVE, 3, 2))
case("stack", "stack([x, y], 1)", lambda x, y: np.stack([x, y], 1), x=D(MOVE, 3, 2),
     y=D(MOVE, 3, 2))
case("cat", "cat([y, x, y, x], dim=-1)", lambda y, x: np.concatenate([x, x], -1), y=D(MOVE, 0),
     x=D(MOVE, 2, 3))
case("block_diag", "block_diag(x, y)",
     lambda x, y: np.block([[x, np.zeros((2, 1), x.dtype)], [np.zeros((3, 4), x.dtype), y]]),
     x=D(MOVE, 2, 4), y=D(MOVE, 3, 1))
moving("split", "split(x, [2, 3], 1)", lambda x: (x[:, :2], x[:, 2:]), 4, 5, results=2)

# ---- products

for m, n in ((4, 3), (1, 7), (0, 3), (4, 0), (33, 65)):
    case("mv", "mv(A, x)", lambda A, x: A @ x, A=N(m, n), x=N(n), inner=n)
    case("mv", "y + A @ x", lambda A, x, y: y + A @ x, A=F(m, n), x=F(n), y=F(m), inner=n)
    case("mv", "A.T @ x", lambda A, x: A.T @ x, A=F(n, m), x=F(n), inner=n)
    case("mv", "A.H @ x", lambda A, x: A.conj().T @ x, A=F(n, m), x=F(n), inner=n)
for m, k, n in ((4, 3, 5), (1, 8, 1), (3, 0, 4), (0, 3, 2), (70, 33, 49)):
    case("mm", "A @ B", lambda A, B: A @ B, A=N(m, k), B=N(k, n), inner=k)
    case("mm", "A.T @ B.T", lambda A, B: A.T @ B.T, A=F(k, m), B=F(n, k), inner=k)
    case("mm", "A.H @ B", lambda A, B: A.conj().T @ B, A=F(k, m), B=F(k, n), inner=k)
    case("mm", "2 * A @ B - C", lambda A, B, C: 2 * A @ B - C, A=F(m, k), B=F(k, n), C=F(n),
         inner=k)
    case("bmm", "bmm(A, B)", lambda A, B: A @ B, A=N(3, m, k), B=N(3, k, n), inner=k)
case("addmv", "addmv(y, A, x, beta=0.5, alpha=-2)", lambda y, A, x: 0.5 * y - 2 * A @ x, y=F(4),
     A=F(4, 3), x=F(3), inner=3)
case("addmv", "addmv(y, A, x, beta=0)", lambda y, A, x: A @ x,
     y=D("f32 f64", 4, values=[np.nan] * 4), A=D("f32 f64", 4, 3), x=D("f32 f64", 3), inner=3)
case("addmm", "addmm(C, A, B, beta=b, alpha=a)", lambda C, A, B, b, a: b * C + a * A @ B, C=F(4, 5),
     A=F(4, 3), B=F(3, 5), b=F(), a=F(), inner=3)
case("addmm", "addmm(c, A, B)", lambda c, A, B: c + A @ B, c=F(5), A=F(4, 3), B=F(3, 5), inner=3)
case("baddbmm", "baddbmm(C, A, B, beta=2)", lambda C, A, B: 2 * C + A @ B, C=F(2, 4, 5),
     A=F(2, 4, 3), B=F(2, 3, 5), inner=3)
case("addbmm", "addbmm(C, A, B)", lambda C, A, B: C + (A @ B).sum(0), C=F(4, 5), A=F(2, 4, 3),
     B=F(2, 3, 5), inner=6)
case("addr", "addr(C, x, y, alpha=3)", lambda C, x, y: C + 3 * np.outer(x, y), C=F(4, 5), x=F(4),
     y=F(5))
case("dot", "dot(x, y)", np.dot, x=N(30), y=N(30), inner=30)
case("vdot", "vdot(x, y)", np.vdot, x=N(30), y=N(30), inner=30)
case("outer", "outer(x, y)", np.outer, x=N(4), y=N(5))
case("inner", "inner(x, y)", np.inner, x=N(3, 4), y=N(5, 4), inner=4)
case("kron", "kron(x, y)", np.kron, x=N(2, 3), y=N(4, 2))
for left, right in (((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 4)), ((5, 2, 3), (3, 4)),
                    ((5, 1, 2, 3), (6, 3, 4)), ((2, 3), (5, 3, 4)), ((5, 2, 3), (3,))):
    case("matmul", "matmul(x, y)", np.matmul, x=N(*left), y=N(*right), inner=3)
for text in ("ij,jk->ik", "ij,kj->ik", "bij,bjk->bik", "i,j->ij", "ij,ij->", "ij,j", "bij,bij->b"):
    sizes = dict(i=3, j=4, k=5, b=2)
    a, b = text.split("->")[0].split(",")
    case("einsum", f'einsum("{text}", x, y)', lambda x, y, t=text: np.einsum(t, x, y),
         x=N(*(sizes[c] for c in a)), y=N(*(sizes[c] for c in b)), inner=12)
case("einsum", 'einsum("ii", x)', lambda x: np.einsum("ii", x), x=N(4, 4), inner=4)
case("einsum", 'einsum("ijk->ki", x)', lambda x: np.einsum("ijk->ki", x), x=N(2, 3, 4), inner=4)
case("tensordot", "tensordot(x, y, 2)", lambda x, y: np.tensordot(x, y, 2), x=N(2, 3, 4),
     y=N(3, 4, 5), inner=12)
case("tensordot", "tensordot(x, y, [[1, -1], [0, 2]])",
     lambda x, y: np.tensordot(x, y, [[1, -1], [0, 2]]), x=N(2, 3, 4), y=N(3, 5, 4), inner=12)
case("tensordot", "tensordot(x, y, dims=[[], []])", lambda x, y: np.tensordot(x, y, 0), x=N(2, 3),
     y=N(4))

# ---- several at once: what fusion makes one loop of

case("softmax", "softmax(x @ W + b, dim=1)",
     lambda x, W, b: scipy.special.softmax(x @ W + b, axis=1), x=D("f32 f64", 20, 9),
     W=D("f32 f64", 9, 11), b=D("f32 f64", 11), inner=20)
case("div", "(x * y + x) / (y * y + 1)", lambda x, y: (x * y + x) / (y * y + 1), x=R(1003),
     y=R(1003), inner=3)
case("sum", "sum(exp(x) * y, dim=1)", lambda x, y: (np.exp(x) * y).sum(1), x=D("f32 f64", 12, 70),
     y=D("f32 f64", 70), inner=140)
case("relu", "relu(A @ x + b)", lambda A, x, b: np.maximum(A @ x + b, 0), A=D("f32 f64", 9, 12),
     x=D("f32 f64", 12), b=D("f32 f64", 9), inner=12)
