# SPDX-License-Identifier: Apache-2.0
import mlx.core as mx

import worker

mx.set_default_device(mx.cpu)


def array(*shape):
    x = mx.random.uniform(shape=shape)
    mx.eval(x)
    return x


def make(name):
    parts = name.split("_")
    if parts[0] in ("mv", "addmv"):
        n = int(parts[-1])
        A = array(n, n + 24)[:, :n] if "slice" in parts else array(n, n)
        A = A.T if "transposed" in parts else A
        x, y = array(n), array(n)
        return (lambda: A @ x) if parts[0] == "mv" else (lambda: mx.addmm(y, A, x))
    if parts[0] == "mm" and parts[1] == "f32":
        n = int(parts[2])
        A, B = array(n, n), array(n, n)
        return lambda: A @ B
    if parts[0] == "bmm":
        b, n = int(parts[1]), int(parts[2])
        A, B = array(b, n, n), array(b, n, n)
        return lambda: A @ B
    if name == "pointwise_1e7":
        a, b = array(10**7), array(10**7)
        f = mx.compile(lambda a, b: (a * b + a) / (b * b + 1))
        return lambda: f(a, b)
    if name == "softmax_linear":
        x, W, b = array(4096, 512), array(512, 512), array(512)
        return lambda: mx.softmax(mx.addmm(b, x, W), axis=1)
    if parts[0] == "sum":
        x = array(10**7) if name == "sum_1e7" else array(3162, 3162)
        axis = {"1e7": None, "rows": 1, "columns": 0}[parts[1]]
        return lambda: mx.sum(x, axis=axis)
    return None


worker.serve(make, synchronize=mx.eval)
