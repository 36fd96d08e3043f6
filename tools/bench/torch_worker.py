# SPDX-License-Identifier: Apache-2.0
import os

import torch

import linalg
import worker

torch.set_num_threads(int(os.environ["OTIUM_BENCH_THREADS"]))
torch.set_grad_enabled(False)
DTYPES = {"f32": torch.float32, "f64": torch.float64, "c64": torch.complex64}


def make(name):
    parts = name.split("_")
    if parts[0] in ("mv", "addmv"):
        n = int(parts[-1])
        A = torch.rand(n, n + 24)[:, :n] if "slice" in parts else torch.rand(n, n)
        A = A.T if "transposed" in parts else A
        x, y = torch.rand(n), torch.rand(n)
        return (lambda: torch.mv(A, x)) if parts[0] == "mv" else (lambda: torch.addmv(y, A, x))
    if parts[0] == "mm":
        n, dtype = int(parts[2]), DTYPES[parts[1]]
        A, B = torch.rand(n, n, dtype=dtype), torch.rand(n, n, dtype=dtype)
        return lambda: torch.mm(A, B)
    if parts[0] == "bmm":
        b, n = int(parts[1]), int(parts[2])
        A, B = torch.rand(b, n, n), torch.rand(b, n, n)
        return lambda: torch.bmm(A, B)
    if name == "pointwise_1e7":
        a, b = torch.rand(10**7), torch.rand(10**7)
        return lambda: (a * b + a) / (b * b + 1)
    if name == "softmax_linear":
        x, W, b = torch.rand(4096, 512), torch.rand(512, 512), torch.rand(512)
        return lambda: torch.softmax(torch.addmm(b, x, W), dim=1)
    if parts[0] == "sum":
        x = torch.rand(10**7) if name == "sum_1e7" else torch.rand(3162, 3162)
        if parts[1] == "1e7":
            return lambda: torch.sum(x)
        dim = {"rows": 1, "columns": 0}[parts[1]]
        return lambda: torch.sum(x, dim=dim)
    if parts[0] in linalg.OPS:
        A, b = linalg.operands(parts, lambda *shape, dtype: torch.rand(shape, dtype=DTYPES[dtype]))
        return {"cholesky": lambda: torch.linalg.cholesky(A), "lu": lambda: torch.linalg.lu_factor(A),
                "solve": lambda: torch.linalg.solve(A, b), "qr": lambda: torch.linalg.qr(A),
                "eigh": lambda: torch.linalg.eigh(A), "svd": lambda: torch.linalg.svd(A),
                "inv": lambda: torch.linalg.inv(A), "det": lambda: torch.linalg.det(A)}[linalg.op(parts)]
    if parts[0] == "chain":
        x = torch.rand(16)

        def chain():
            y = x
            for _ in range(500):
                y = torch.flip(y + x, (0,)) * x
            return y

        return chain
    return None


worker.serve(make)
