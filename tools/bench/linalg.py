# SPDX-License-Identifier: Apache-2.0
"""The operands of linear algebra: `cholesky_f64_500`, `batched_inv_f32_10000_8`."""

OPS = ("batched", "cholesky", "lu", "solve", "qr", "eigh", "svd")


def op(parts):
    return parts[1] if parts[0] == "batched" else parts[0]


def operands(parts, random):
    """A, definite for cholesky and symmetric for eigh, and a right-hand side. Numbers
    come from random(*shape, dtype=name), of NumPy or PyTorch."""
    batched = parts[0] == "batched"
    dtype, n = parts[-3 if batched else -2], int(parts[-1])
    batch = (int(parts[-2]),) if batched else ()
    A = random(*batch, n, n, dtype=dtype)
    if op(parts) == "cholesky":
        # Dominated by its diagonal.
        A = A + A.swapaxes(-1, -2)
        A.reshape(-1, n * n)[:, :: n + 1] += 2 * n
    elif op(parts) == "eigh":
        A = A + A.swapaxes(-1, -2)
    # PyTorch takes a batch of matrices and one of vectors for two matrices.
    return A, random(*batch, n, *((1,) if batched else ()), dtype=dtype)
