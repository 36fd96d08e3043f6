# SPDX-License-Identifier: Apache-2.0
"""A table of linear algebra with what NumPy and SciPy say of it."""

import numpy as np
import scipy.linalg

from numpy_case import B, D, F, I, N, case

# ---- linear systems: well conditioned, so that element by element is fair


def definite(n, dtype="f64"):
    A = np.random.default_rng(3).standard_normal((n, n))
    return A @ A.T / n + np.eye(n)


def adjoint(A): return A.conj().swapaxes(-1, -2)


def solution(A, B): return np.linalg.inv(A) @ B  # Of batches that broadcast, too.
def eye(n): return np.eye(n, dtype=np.float32)  # Of no wider dtype than anything else.
def lower(A, n=5): return np.tril(A) + n * eye(n)
def upper(A, n=5): return np.triu(A) + n * eye(n)


def from_one(factors):
    """LAPACK counts rows from 1."""
    LU, pivots = factors
    return LU, (pivots + 1).astype(np.int32)


case("cholesky", "cholesky(A)", np.linalg.cholesky, A=D("f32 f64 c64 c128", 8, 8, values=definite(8)),
     inner=8)
case("cholesky_ex", "cholesky_ex(A)",
     lambda A: (np.linalg.cholesky(A), np.zeros(A.shape[:-2], np.int32)),
     A=D("f32 f64 c64 c128", 8, 8, values=definite(8)), results=2, inner=8)
case("cholesky_solve", "cholesky_solve(B, tril(L) + 5 * eye(5))",
     lambda B, L: solution(lower(L) @ adjoint(lower(L)), B),
     B=F(3, 5, 2), L=F(5, 5), inner=25)
case("cholesky_solve", "cholesky_solve(B, triu(U) + 5 * eye(5), true)",
     lambda B, U: solution(adjoint(upper(U)) @ upper(U), B),
     B=F(5, 2), U=F(3, 5, 5), inner=25)
case("cholesky_inverse", "cholesky_inverse(cholesky(A @ A.H + 5 * eye(5)))",
     lambda A: np.linalg.inv(A @ adjoint(A) + 5 * eye(5)), A=F(3, 5, 5), inner=125)
case("cholesky_inverse", "cholesky_inverse(cholesky(A, true), true)", np.linalg.inv,
     A=F(8, 8, values=definite(8)), inner=64)

case("lu", "P, L, U = lu(A); P @ L @ U", lambda A: A, A=F(3, 6, 4), inner=24)
case("lu", "P, L, U = lu(A); P @ L @ U", lambda A: A, A=F(4, 6), inner=24)
case("lu", "lu(A)", lambda A: tuple(x.astype(A.dtype) for x in scipy.linalg.lu(A)), A=F(3, 3, values=[[1, 2, 3], [4, 5, 7], [8, 0, 1]]),
     results=3, inner=9)
case("lu", "_, L, U = lu(A + 9 * eye(6), pivot=false); L @ U", lambda A: A + 9 * eye(6),
     A=F(2, 6, 6), inner=36)
case("lu", "P, _, _ = lu(A, pivot=false); P", lambda A: np.zeros(0, A.dtype), A=F(2, 6, 6))
case("lu", "lu(A)", lambda A: (np.zeros((2, 0, 0), A.dtype), np.zeros((2, 0, 0), A.dtype),
                               np.zeros((2, 0, 3), A.dtype)), A=F(2, 0, 3), results=3)
case("lu_factor", "lu_factor(A)", lambda A: from_one(scipy.linalg.lu_factor(A)),
     A=F(3, 3, values=[[1, 2, 3], [4, 5, 7], [8, 0, 1]]), results=2, inner=9)
case("lu_factor_ex", "lu_factor_ex(A)",
     lambda A: (np.array([[8, 0, 0], [.5, 8, 0], [.125, .25, 0]], A.dtype),
                np.array([3, 2, 3], np.int32), np.int32(3)),
     A=F(3, 3, values=[[1, 2, 0], [4, 8, 0], [8, 0, 0]]), results=3, inner=9)
case("lu_unpack", "LU, p = lu_factor(A); P, L, U = lu_unpack(LU, p); P @ L @ U", lambda A: A,
     A=F(3, 5, 5), inner=25)
case("lu_unpack", "lu_unpack(A, p, false)",
     lambda A, p: (np.eye(2)[[1, 0]].astype(A.dtype), np.zeros(0, A.dtype), np.zeros(0, A.dtype)),
     A=F(2, 2), p=D("i32", 2, values=[2, 2]), results=3)
for text, expected, rows, columns in [
        ("B", lambda A, B: solution(A, B), 5, 2),
        ("B, adjoint=true", lambda A, B: solution(adjoint(A), B), 5, 2),
        ("B, left=false", lambda A, B: B @ np.linalg.inv(A), 2, 5),
        ("B, left=false, adjoint=true", lambda A, B: B @ np.linalg.inv(adjoint(A)), 2, 5)]:
    case("lu_solve", f"LU, p = lu_factor(A + 5 * eye(5)); lu_solve(LU, p, {text})",
         lambda A, B, expected=expected: expected(A + 5 * eye(5), B), A=F(5, 5),
         B=F(3, rows, columns), inner=50)

# The diagonal of D alone would be 0: blocks of two.
SWAP = [[0, 3, 1, 0], [3, 0, 0, 2], [1, 0, 0, 4], [0, 2, 4, 0]]
case("ldl_factor", "LD, p = ldl_factor(A); ldl_solve(LD, p, eye(4))", np.linalg.inv,
     A=F(4, 4, values=SWAP), inner=16)
case("ldl_factor_ex", "_, _, info = ldl_factor_ex(A); info", lambda A: np.array(1, np.int32),
     A=F(3, 3, values=np.zeros(9)), out="i32")
case("ldl_solve", "LD, p = ldl_factor(A + A.T + 9 * eye(5)); ldl_solve(LD, p, B)",
     lambda A, B: solution(A + A.swapaxes(-1, -2) + 9 * eye(5), B),
     A=F(3, 5, 5), B=F(5, 2), inner=50)
case("ldl_solve",
     "LD, p = ldl_factor(A + A.H - 9 * eye(5), hermitian=true);"
     " ldl_solve(LD, p, B, hermitian=true)",
     lambda A, B: solution(A + adjoint(A) - 9 * eye(5), B),
     A=F(5, 5), B=F(3, 5, 2), inner=50)

case("solve", "solve(A, b)", np.linalg.solve, A=F(8, 8, values=definite(8)),
     b=F(8), inner=64)
case("solve", "solve(A, B)", np.linalg.solve, A=F(8, 8, values=definite(8)),
     B=F(8, 3), inner=64)
case("solve", "solve(A + 6 * eye(6), B, left=false)",
     lambda A, B: B @ np.linalg.inv(A + 6 * eye(6)), A=F(2, 6, 6), B=F(3, 6),
     inner=60)
case("solve", "solve(A, B)", lambda A, B: np.zeros((2, 0, 3), B.dtype), A=F(2, 0, 0),
     B=F(0, 3))
# What structure makes of it.
for text, matrix in [
        ("tril(triu(A)) + 24 * eye(24)", lambda A: np.tril(np.triu(A)) + 24 * eye(24)),
        ("tril(A) + 24 * eye(24)", lambda A: np.tril(A) + 24 * eye(24)),
        ("triu(A) + 24 * eye(24)", lambda A: np.triu(A) + 24 * eye(24)),
        ("triu(tril(A, 1), -1) + 9 * eye(24)", lambda A: np.triu(np.tril(A, 1), -1) + 9 * eye(24)),
        ("triu(tril(A, 2), -1) + 9 * eye(24)", lambda A: np.triu(np.tril(A, 2), -1) + 9 * eye(24)),
        ("A.H @ A + 99 * eye(24)", lambda A: adjoint(A) @ A + 99 * eye(24)),
        ("A.T + A - 99 * eye(24)", lambda A: A.T + A - 99 * eye(24)),
        ("A.H + A - 99 * eye(24)", lambda A: adjoint(A) + A - 99 * eye(24))]:
    case("solve", f"solve({text}, B)", lambda A, B, m=matrix: np.linalg.solve(m(A), B),
         A=F(24, 24), B=F(24, 3), inner=99)
    case("solve", f"solve({text}, B, left=false)", lambda A, B, m=matrix: B @ np.linalg.inv(m(A)),
         A=F(24, 24), B=F(3, 24), inner=99)
case("solve_ex", "solve_ex(A, B)", lambda A, B: (np.linalg.solve(A, B), np.int32(0)),
     A=F(8, 8, values=definite(8)), B=F(8, 3), results=2, inner=64)
case("solve_ex", "solve_ex(A, b)", lambda A, b: (np.full(2, np.nan, b.dtype), np.int32(2)),
     A=F(2, 2, values=[[1, 2], [2, 4]]), b=F(2), results=2)
for text, expected in [
        ("true", lambda A, B: solution(np.triu(A), B)),
        ("false", lambda A, B: solution(np.tril(A), B)),
        ("true, left=false", lambda A, B: B @ np.linalg.inv(np.triu(A))),
        ("false, unitriangular=true",
         lambda A, B: solution(np.tril(A, -1) + eye(5), B))]:
    case("solve_triangular", f"solve_triangular(A / 5 + 2 * eye(5), B, {text})",
         lambda A, B, expected=expected: expected(A / 5 + 2 * eye(5), B),
         A=F(3, 5, 5), B=F(5, 5), inner=50)

case("inv", "inv(A + 6 * eye(6))", lambda A: np.linalg.inv(A + 6 * eye(6)),
     A=F(2, 3, 6, 6), inner=60)
case("inv", "inv(tril(A) + 6 * eye(6))", lambda A: np.tril(np.linalg.inv(lower(A, 6))),
     A=F(2, 6, 6), inner=60)
case("inv", "inv(A.H @ A + 6 * eye(6))",
     lambda A: np.linalg.inv(adjoint(A) @ A + 6 * eye(6)), A=F(6, 6), inner=60)
case("inv", "inv(A)", lambda A: A, A=F(2, 0, 0))
case("inv_ex", "inv_ex(A + 6 * eye(6))",
     lambda A: (np.linalg.inv(A + 6 * eye(6)), np.zeros(2, np.int32)), A=F(2, 6, 6),
     results=2, inner=60)
for matrix, values in [("A", lambda A: A), ("triu(A)", np.triu)]:
    case("det", f"det({matrix})", lambda A, v=values: np.linalg.det(v(A)), A=F(3, 5, 5),
         inner=25)
    case("slogdet", f"slogdet({matrix})", lambda A, v=values: tuple(np.linalg.slogdet(v(A))),
         A=F(3, 5, 5), results=2, inner=25)
case("det", "det(A)", lambda A: np.ones(2, A.dtype), A=F(2, 0, 0))
case("det", "det(A)", np.linalg.det, A=F(2, 2, values=[[1, 2], [2, 4]]))
case("slogdet", "slogdet(A)", lambda A: tuple(np.linalg.slogdet(A)),
     A=F(2, 2, values=[[1, 2], [2, 4]]), results=2)
case("logdet", "logdet(A)", lambda A: np.log(np.linalg.det(A)), A=F(4, 3, 3), inner=9)
case("logdet", "logdet(A)", lambda A: np.array(-np.inf, A.dtype),
     A=D("f32 f64", 2, 2, values=[[1, 2], [2, 4]]))

# ---- orthogonal factors. NumPy's signs of Q and R are LAPACK's, and so are ours.

for shape in ((6, 4), (4, 6), (5, 5), (1, 1), (0, 3), (3, 0), (3, 5, 4), (2, 0, 2)):
    case("qr", "Q, R = qr(A); Q @ R", lambda A: A, A=F(*shape), inner=20)
    case("qr", "Q, _ = qr(A, mode=\"complete\"); Q.H @ Q",
         lambda A: np.broadcast_to(np.eye(A.shape[-2], dtype=A.dtype),
                                   A.shape[:-1] + A.shape[-2:-1]), A=F(*shape), inner=20)
    case("svd", "U, S, Vh = svd(A, full_matrices=false); (U * unsqueeze(S, -2)) @ Vh", lambda A: A,
         A=F(*shape), inner=20)
    case("svd", "_, _, Vh = svd(A); Vh @ Vh.H",
         lambda A: np.broadcast_to(np.eye(A.shape[-1], dtype=A.dtype),
                                   A.shape[:-2] + 2 * A.shape[-1:]), A=F(*shape), inner=20)
    case("svdvals", "svdvals(A)", lambda A: np.linalg.svd(A, compute_uv=False), A=F(*shape),
         inner=20)
case("qr", "qr(A)", np.linalg.qr, A=F(7, 4), results=2, inner=100)
case("qr", "qr(A)", np.linalg.qr, A=F(3, 7, 4), results=2, inner=100)
case("qr", 'qr(A, "complete")', lambda A: np.linalg.qr(A, "complete"), A=F(7, 4), results=2,
     inner=100)
case("qr", '_, R = qr(A, "r"); R', lambda A: np.linalg.qr(A, "r"), A=F(7, 4), inner=100)
case("geqrf", "geqrf(A)", lambda A: (np.linalg.qr(A, "raw")[0].T, np.linalg.qr(A, "raw")[1]),
     A=F(7, 4), results=2, inner=100)
for op in ("householder_product", "orgqr"):
    case(op, f"a, tau = geqrf(A); {op}(a, tau)", lambda A: np.linalg.qr(A)[0], A=F(7, 4),
         inner=100)


def full_q(A): return np.linalg.qr(A, "complete")[0]


case("ormqr", "a, tau = geqrf(A); ormqr(a, tau, B)", lambda A, B: full_q(A) @ B, A=F(7, 4),
     B=F(7, 3), inner=100)
case("ormqr", "a, tau = geqrf(A); ormqr(a, tau, B, transpose=true)",
     lambda A, B: full_q(A).conj().T @ B, A=F(7, 4), B=F(7, 3), inner=100)
case("ormqr", "a, tau = geqrf(A); ormqr(a, tau, B, left=false)", lambda A, B: B @ full_q(A),
     A=F(7, 4), B=F(3, 7), inner=100)

# ---- eigenvalues


def hermitian(A, upper=False):
    half = np.triu(A, 1) if upper else np.tril(A, -1)
    diagonal = np.einsum("...ii->...i", A).real[..., None] * np.eye(A.shape[-1])
    return (half + half.conj().swapaxes(-1, -2) + diagonal).astype(A.dtype)


for shape in ((5, 5), (1, 1), (0, 0), (3, 4, 4)):
    case("eigh", "w, V = eigh(A); (V * unsqueeze(w, -2)) @ V.H", hermitian, A=F(*shape),
         inner=20)
    case("eigh", 'w, V = eigh(A, UPLO="U"); (V * unsqueeze(w, -2)) @ V.H',
         lambda A: hermitian(A, True), A=F(*shape), inner=20)
    case("eigvalsh", "eigvalsh(A)", np.linalg.eigvalsh, A=F(*shape), inner=20)
    case("eigvalsh", 'eigvalsh(A, "U")', lambda A: np.linalg.eigvalsh(A, "U"), A=F(*shape),
         inner=20)
    case("eig", "w, V = eig(A); (A + 0 * V) @ V - V * unsqueeze(w, -2)",
         lambda A: np.zeros(A.shape, np.result_type(A, np.complex64)), A=F(*shape), inner=100)
    case("eigvals", "sum(eigvals(A), dim=-1)",
         lambda A: np.trace(A, axis1=-2, axis2=-1).astype(np.result_type(A, np.complex64)),
         A=F(*shape), inner=20)

# ---- least squares

for driver in ("gels", "gelsy", "gelsd", "gelss"):
    case("lstsq", f'x, _, _, _ = lstsq(A, b, driver="{driver}"); x',
         lambda A, b: np.linalg.lstsq(A, b, rcond=None)[0], A=F(8, 3), b=F(8), inner=100)
    case("lstsq", f'x, _, _, _ = lstsq(A, B, driver="{driver}"); x',
         lambda A, B: np.linalg.lstsq(A, B, rcond=None)[0], A=F(3, 8), B=F(3, 2), inner=100)


def least_squares(A, B):
    X, residuals, rank, values = np.linalg.lstsq(A, B, rcond=None)
    return X, residuals, np.int64(rank), values


case("lstsq", 'lstsq(A, B, driver="gelsd")', least_squares, A=F(8, 3), B=F(8, 2), results=4, inner=100)

# ---- functions of matrices


def with_singular_values(m, n, values):
    random = np.random.default_rng(5)
    U = np.linalg.qr(random.standard_normal((m, m)))[0]
    V = np.linalg.qr(random.standard_normal((n, n)))[0]
    return U[:, :len(values)] * values @ V[:len(values)]


BATCH = np.stack([definite(4), with_singular_values(4, 4, [3, 2, 1, 0.5])])
LOW_RANK = with_singular_values(9, 6, [4, 2])
COUNTING = np.diag(np.arange(1.0, 13)) + 0.1 * (definite(12) - np.eye(12))

ORDERS = ((2, "2"), (-2, "-2"), ("nuc", '"nuc"'), ("fro", '"fro"'), (1, "1"), (-1, "-1"),
          (np.inf, "inf"), (-np.inf, "-inf"))
for order, written in ORDERS:
    case("matrix_norm", f"matrix_norm(A, {written}, dim=[0, 2])",
         lambda A, o=order: np.linalg.norm(A, o, axis=(0, 2)), A=F(5, 2, 7), inner=35)
    case("cond", f"cond(A, {written})", lambda A, o=order: np.linalg.cond(A, o).real,
         A=F(2, 4, 4, values=BATCH), inner=64)
for order, written in ORDERS[:3]:
    case("norm", f"norm(A, {written})", lambda A, o=order: np.linalg.norm(A, o),
         A=F(5, 7), inner=35)
case("matrix_norm", "matrix_norm(A, keepdim=true)",
     lambda A: np.linalg.norm(A, axis=(-2, -1), keepdims=True), A=F(3, 4, 5), inner=20)
case("matrix_norm", 'matrix_norm(A, "nuc")', lambda A: np.zeros(2, A.real.dtype),
     A=F(2, 0, 3))
case("cond", "cond(A)", np.linalg.cond, A=F(6, 4), inner=100)
case("pinv", "pinv(A)", np.linalg.pinv,
     A=F(7, 4, values=with_singular_values(7, 4, [3, 2, 1, 1])), inner=64)
case("pinv", "pinv(A)", np.linalg.pinv, A=F(2, 4, 4, values=BATCH), inner=64)
case("pinv", "pinv(A, rtol=1e-3)", lambda A: np.linalg.pinv(A, rcond=1e-3),
     A=F(9, 6, values=LOW_RANK), inner=64)
case("pinv", "pinv(A, hermitian=true)", lambda A: np.linalg.pinv(A, hermitian=True),
     A=F(8, 8, values=definite(8)), inner=64)
case("pinv", "pinv(A)", np.linalg.pinv, A=F(0, 3))
case("matrix_rank", "matrix_rank(A, rtol=1e-3)", lambda A: np.linalg.matrix_rank(A, 1e-2),
     A=F(9, 6, values=LOW_RANK))
case("matrix_rank", "matrix_rank(A)", np.linalg.matrix_rank, A=F(2, 4, 4, values=BATCH))
for scale in (1e-3, 0.1, 0.5, 1.5, 4, 30):
    case("matrix_exp", "matrix_exp(A)", scipy.linalg.expm, inner=20 * max(1, scale),
         A=F(6, 6,
             values=scale * with_singular_values(6, 6, [1, 0.9, 0.5, 0.2, 0.1, 0.1])))
case("matrix_exp", "matrix_exp(A)", lambda A: np.stack([scipy.linalg.expm(a) for a in A]),
     A=F(3, 4, 4), inner=200)
case("matrix_exp", "matrix_exp(A)", lambda A: A, A=F(2, 0, 0))
case("tensorinv", "tensorinv(A)", np.linalg.tensorinv,
     A=F(2, 4, 4, 2, values=definite(8)), inner=64)
case("tensorinv", "tensorinv(A, 1)", lambda A: np.linalg.tensorinv(A, 1),
     A=F(8, 4, 2, values=definite(8)), inner=64)
case("tensorsolve", "tensorsolve(A, b)", np.linalg.tensorsolve,
     A=F(2, 4, 8, values=definite(8)), b=F(2, 4), inner=64)
case("tensorsolve", "tensorsolve(A, b, dims=[0])",
     lambda A, b: np.linalg.tensorsolve(A, b, axes=[0]),
     A=F(8, 2, 4, values=definite(8)), b=F(2, 4), inner=64)
for n in (0, 1, 2, 5):
    case("matrix_power", f"matrix_power(A, {n})", lambda A, n=n: np.linalg.matrix_power(A, n),
         A=N(2, 3, 3), inner=243)
case("matrix_power", "matrix_power(A, -3)", lambda A: np.linalg.matrix_power(A, -3),
     A=F(2, 4, 4, values=BATCH), inner=500)
case("multi_dot", "multi_dot(A, B, C)", lambda A, B, C: A @ B @ C, A=N(3, 7), B=N(7, 2), C=N(2, 5),
     inner=56)
case("multi_dot", "multi_dot(x, B, C, y)", lambda x, B, C, y: x @ B @ C @ y, x=N(7), B=N(7, 2),
     C=N(2, 5), y=N(5), inner=280)

# Of a random start: what does not depend on it.
case("svd_lowrank", "U, S, V = svd_lowrank(A, 3); (U * unsqueeze(S, 0)) @ V.H", lambda A: A,
     A=F(9, 6, values=LOW_RANK), inner=30)
case("svd_lowrank", "_, S, _ = svd_lowrank(A.T - M, 2, M=-M); S",
     lambda A, M: np.linalg.svd(A)[1][:2], A=F(9, 6, values=LOW_RANK), M=F(1, 9),
     inner=60)
case("pca_lowrank", "U, S, V = pca_lowrank(A); (U * unsqueeze(S, -2)) @ V.H",
     lambda A: A - A.mean(-2, keepdims=True), A=F(3, 8, 5), inner=60)
case("lobpcg", "w, _ = lobpcg(A, 3); w", lambda A: np.linalg.eigvalsh(A)[:-4:-1],
     A=F(12, 12, values=COUNTING), inner=100)
case("lobpcg", "w, _ = lobpcg(A, 2, B, largest=false); w",
     lambda A, B: scipy.linalg.eigh(A, B, eigvals_only=True)[:2],
     A=F(12, 12, values=COUNTING), B=F(12, 12, values=definite(12)), inner=100)

# ---- functions of vectors

case("cross", "cross(x, y)", np.cross, x=N(4, 3), y=N(3), inner=2)
case("cross", "cross(x, y, dim=0)", lambda x, y: np.cross(x, y, axis=0), x=N(3, 4), y=N(3, 4),
     inner=2)
case("vecdot", "vecdot(x, y)", lambda x, y: (x.conj() * y).sum(-1, dtype=x.dtype), x=N(4, 9),
     y=N(9), inner=9)
case("vecdot", "vecdot(x, y, dim=0)", lambda x, y: (x.conj() * y).sum(0, dtype=x.dtype), x=N(5, 2),
     y=N(5, 2), inner=5)
case("vecdot", "vecdot(x, y)", np.vdot, x=N(12), y=N(12), inner=12)
case("vander", "vander(x)", lambda x: np.vander(x, increasing=True).astype(x.dtype), x=F(5),
     inner=5)
case("vander", "vander(x, 3)", lambda x: np.vander(x, 3, increasing=True), x=I(5), out="i64")
case("vander", "vander(x, 4)", lambda x: x[..., None] ** np.arange(4), x=D("f64 c128", 2, 3),
     inner=4)
case("trapezoid", "trapezoid(y)", np.trapz, y=F(3, 8), inner=8)
case("trapezoid", "trapezoid(y, dx=0.5, dim=0)", lambda y: np.trapz(y, dx=0.5, axis=0), y=F(8, 3),
     inner=8)
case("trapezoid", "trapezoid(y, x)", np.trapz, y=F(3, 8), x=F(8), inner=64)
case("trapezoid", "trapezoid(y)", np.trapz, y=I(8), out="f32", inner=8)
