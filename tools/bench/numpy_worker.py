# SPDX-License-Identifier: Apache-2.0
import numpy as np

import linalg
import worker

DTYPES = {"f32": np.float32, "f64": np.float64, "c64": np.complex64}
rng = np.random.default_rng(0)


def array(*shape, dtype=np.float32):
    if dtype == np.complex64:
        return (rng.random(shape) + 1j * rng.random(shape)).astype(dtype)
    return rng.random(shape).astype(dtype)


def softmax(x):
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def make(name):
    parts = name.split("_")
    if parts[0] in ("mv", "addmv"):
        n = int(parts[-1])
        A = array(n, n + 24)[:, :n] if "slice" in parts else array(n, n)
        A = A.T if "transposed" in parts else A
        x, y = array(n), array(n)
        return (lambda: A @ x) if parts[0] == "mv" else (lambda: y + A @ x)
    if parts[0] == "mm":
        n, dtype = int(parts[2]), DTYPES[parts[1]]
        A, B = array(n, n, dtype=dtype), array(n, n, dtype=dtype)
        return lambda: A @ B
    if parts[0] == "bmm":
        b, n = int(parts[1]), int(parts[2])
        A, B = array(b, n, n), array(b, n, n)
        return lambda: A @ B
    if name == "pointwise_1e7":
        a, b = array(10**7), array(10**7)
        return lambda: (a * b + a) / (b * b + 1)
    if name == "softmax_linear":
        x, W, b = array(4096, 512), array(512, 512), array(512)
        return lambda: softmax(x @ W + b)
    if parts[0] == "sum":
        x = array(10**7) if name == "sum_1e7" else array(3162, 3162)
        axis = {"1e7": None, "rows": 1, "columns": 0}[parts[1]]
        return lambda: x.sum(axis=axis)
    if parts[0] in linalg.OPS:
        A, b = linalg.operands(parts, lambda *shape, dtype: array(*shape, dtype=DTYPES[dtype]))
        return {"cholesky": lambda: np.linalg.cholesky(A), "solve": lambda: np.linalg.solve(A, b),
                "qr": lambda: np.linalg.qr(A), "eigh": lambda: np.linalg.eigh(A),
                "svd": lambda: np.linalg.svd(A), "inv": lambda: np.linalg.inv(A),
                "det": lambda: np.linalg.det(A)}.get(linalg.op(parts))
    if parts[0] == "chain":
        x = array(16)

        def chain():
            y = x
            for _ in range(500):
                y = (y + x)[::-1] * x
            return y

        return chain
    return None


worker.serve(make)
