# SPDX-License-Identifier: Apache-2.0
import numpy as np
import scipy.linalg

import linalg
import worker

rng = np.random.default_rng(0)
DTYPES = {"f32": np.float32, "f64": np.float64}


def make(name):
    parts = name.split("_")
    if parts[0] not in linalg.OPS or parts[0] == "batched":
        return None
    A, b = linalg.operands(parts, lambda *shape, dtype: rng.random(shape).astype(DTYPES[dtype]))
    call = {"cholesky": scipy.linalg.cholesky, "lu": scipy.linalg.lu_factor,
            "qr": lambda A, **more: scipy.linalg.qr(A, mode="economic", **more),
            "eigh": scipy.linalg.eigh, "svd": scipy.linalg.svd}.get(parts[0])
    if parts[0] == "solve":
        return lambda: scipy.linalg.solve(A, b, check_finite=False)
    return lambda: call(A, check_finite=False)


worker.serve(make)
