# SPDX-License-Identifier: Apache-2.0
"""The benchmark's cases: what is measured and which ratio is aimed at.

A case is a name that every worker knows. `kind` is the machine's rate that bounds
it (flops, bytes read, or two bytes read for one written) and `amount` that of one
iteration, for the share of the machine's best. `limit` is the ratio of Otium's time
to the fastest peer's that the project aims at.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    name: str
    kind: str  # "fma", "read", "2r1w" or "calls"
    amount: float
    limit: float
    dtype: str = "f32"
    peer: str = ""  # The one to compare with; else the fastest.


def _gemv(name, n, limit):
    return Case(name, "read", 4 * n * n, limit)


def _mm(dtype, n, limit):
    factor = 8 if dtype == "c64" else 2
    return Case(f"mm_{dtype}_{n}", "fma", factor * n**3, limit, dtype)


# Multiply-adds and the like of one matrix, over n^3 (those of LAPACK's benchmark).
_FLOPS = {"cholesky": 1 / 3, "lu": 2 / 3, "solve": 2 / 3, "qr": 8 / 3, "eigh": 9, "svd": 22,
          "inv": 2, "det": 2 / 3}


def _linalg(op, dtype, n, limit):
    return Case(f"{op}_{dtype}_{n}", "fma", _FLOPS[op] * n**3, limit, dtype)


def _batched(op, dtype, count, n, limit):
    return Case(f"batched_{op}_{dtype}_{count}_{n}", "fma", _FLOPS[op] * count * n**3, limit, dtype)


CASES = [
    _gemv("mv_1000", 1000, 1.0),
    _gemv("mv_4000", 4000, 1.0),
    _gemv("addmv_1000", 1000, 1.0),
    _gemv("addmv_4000", 4000, 1.0),
    _gemv("addmv_transposed_1000", 1000, 1.0),
    _gemv("addmv_transposed_4000", 4000, 1.0),
    _gemv("addmv_slice_1000", 1000, 1.0),
    _gemv("addmv_slice_4000", 4000, 1.0),
    _gemv("addmv_100", 100, 0.5),
    _mm("f32", 1000, 1.03),
    _mm("f32", 2000, 1.03),
    _mm("f64", 1000, 1.03),
    _mm("f64", 2000, 1.03),
    _mm("c64", 1000, 1.1),
    _mm("c64", 2000, 1.1),
    Case("bmm_32_512", "fma", 2 * 32 * 512**3, 1.0),
    Case("bmm_1000_32", "fma", 2 * 1000 * 32**3, 0.7),
    Case("bmm_10000_8", "fma", 2 * 10000 * 8**3, 0.35),
    # Of eager PyTorch; JAX compiles one loop too.
    Case("pointwise_1e7", "2r1w", 3 * 4e7, 0.35, peer="torch"),
    Case("pointwise_1e7", "2r1w", 3 * 4e7, 1.0, peer="jax"),
    Case("softmax_linear", "fma", 2 * 4096 * 512 * 512, 0.8),
    Case("sum_1e7", "read", 4e7, 1.0),
    Case("sum_rows_1e7", "read", 4e7, 1.0),
    Case("sum_columns_1e7", "read", 4e7, 1.0),
    *(_linalg(op, dtype, n, 1.0) for op in ("cholesky", "lu", "solve", "qr")
      for dtype in ("f32", "f64") for n in (500, 2000)),
    *(_linalg(op, "f64", n, 1.1) for op in ("eigh", "svd") for n in (500, 1000)),
    *(_batched(op, dtype, count, n, limit) for op in ("cholesky", "solve", "inv", "det")
      for dtype in ("f32", "f64")
      for count, n, limit in ((10000, 8, 0.25), (10000, 16, 0.25), (1000, 64, 0.6))),
    # Per op: 1,000 ops that cannot fuse, on 16 elements.
    Case("chain_1000", "calls", 1000, 1.0),
    Case("chain_1000_no_optimize", "calls", 1000, 1.0),
]

# With another process on one of two cores, Otium's two threads must keep this part
# of the rate that one thread has alone.
BUSY_SIZES = [128, 256, 512, 1000, 2000]
BUSY_LEAST = 0.5

# `otium run` of a tiny graph, a whole process: seconds.
START_LIMIT = 20e-3

# Otium alone: name, what it is, and the limit in seconds.
OWN = [
    ("build_1e6", "one million nodes: build", 0.2),
    ("plan_1e6", "one million nodes: plan", 3.0),
    ("destroy_1e6", "one million nodes: destroy", 0.2),
    ("plan_cold_10", "a ten-op graph: planning cold", 100e-6),
    ("plan_find_10", "a ten-op graph: finding the plan again", 1e-6),
]

# Otium alone, growing: what it is, two names of which the second has twice the nodes,
# and the limit of its time over that of the first.
GROWTH = [
    ("two million nodes over one: build", "build_1e6", "build_2e6", 2.2),
    ("two million nodes over one: plan", "plan_1e6", "plan_2e6", 2.2),
    ("two million nodes over one: destroy", "destroy_1e6", "destroy_2e6", 2.2),
]
