# SPDX-License-Identifier: Apache-2.0
import jax
import jax.numpy as jnp

import worker

jax.config.update("jax_enable_x64", True)
DTYPES = {"f32": jnp.float32, "f64": jnp.float64, "c64": jnp.complex64}
keys = iter(jax.random.split(jax.random.PRNGKey(0), 1000))


def array(*shape, dtype=jnp.float32):
    return jax.random.uniform(next(keys), shape, jnp.float64).astype(dtype)


def make(name):
    parts = name.split("_")
    if parts[0] in ("mv", "addmv"):
        n = int(parts[-1])
        A = array(n, n + 24)[:, :n] if "slice" in parts else array(n, n)
        x, y = array(n), array(n)
        transposed = "transposed" in parts
        f = jax.jit(lambda A, x, y: (0 if parts[0] == "mv" else y) + (A.T if transposed else A) @ x)
        return lambda: f(A, x, y)
    if parts[0] == "mm":
        n, dtype = int(parts[2]), DTYPES[parts[1]]
        A, B, f = array(n, n, dtype=dtype), array(n, n, dtype=dtype), jax.jit(jnp.matmul)
        return lambda: f(A, B)
    if parts[0] == "bmm":
        b, n = int(parts[1]), int(parts[2])
        A, B, f = array(b, n, n), array(b, n, n), jax.jit(jnp.matmul)
        return lambda: f(A, B)
    if name == "pointwise_1e7":
        a, b, f = array(10**7), array(10**7), jax.jit(lambda a, b: (a * b + a) / (b * b + 1))
        return lambda: f(a, b)
    if name == "softmax_linear":
        x, W, b = array(4096, 512), array(512, 512), array(512)
        f = jax.jit(lambda x, W, b: jax.nn.softmax(x @ W + b, axis=1))
        return lambda: f(x, W, b)
    if parts[0] == "sum":
        x = array(10**7) if name == "sum_1e7" else array(3162, 3162)
        axis = {"1e7": None, "rows": 1, "columns": 0}[parts[1]]
        f = jax.jit(lambda x: jnp.sum(x, axis=axis))
        return lambda: f(x)
    return None


worker.serve(make, synchronize=lambda result: result.block_until_ready())
