#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Times dense products against NumPy and PyTorch, taking turns.

    tools/bench/gemm_compare.py build/bin/gemm_bench 'mm f32 1000 1000 1000 n n 1' ...

Each case runs `--rounds` times with 1 and 2 threads; within a round every library
has one turn, so a busy machine disturbs all alike; one thread is timed by the
CPU's clock, more by the wall's. Printed: the median of each
in microseconds, the achieved Gflop/s, and the median over the rounds of the ratio
of ours to the fastest peer of the same round. Libraries that are not installed
are left out.
"""

import argparse
import statistics
import subprocess
import time

import numpy as np

try:
    import torch
except ImportError:
    torch = None
try:
    import threadpoolctl
except ImportError:
    threadpoolctl = None

DTYPES = {'f32': np.float32, 'f64': np.float64, 'c64': np.complex64, 'c128': np.complex128}


def seconds_per_call(call, clock):
    call()
    start = clock()
    call()
    calls = max(1, min(100000, int(0.02 / max(clock() - start, 1e-7))))
    groups = []
    for _ in range(5):
        start = clock()
        for _ in range(calls):
            call()
        groups.append((clock() - start) / calls)
    return statistics.median(groups)


def operand(rng, dtype, batch, rows, columns, op):
    shape = (batch, columns, rows) if op == 't' else (batch, rows, columns)
    x = (rng.random(shape, dtype=np.float32) - 0.5).astype(DTYPES[dtype])
    return x.swapaxes(1, 2) if op == 't' else x


def peer_calls(case, rng):
    op, dtype, m, n, k, op_a, op_b, batch = case.split()
    m, n, k, batch = int(m), int(n), int(k), int(batch)
    if op == 'ger':
        u, v = (operand(rng, dtype, 1, size, 1, 'n')[0, :, 0] for size in (m, n))
        out = np.empty((m, n), DTYPES[dtype])
        calls = {'numpy': lambda: np.multiply(u[:, None], v, out=out)}
        if torch:
            tu, tv, tout = map(torch.from_numpy, (u, v, out))
            calls['torch'] = lambda: torch.outer(tu, tv, out=tout)
        return calls
    a = operand(rng, dtype, batch, m, k, op_a)
    if op == 'dot':
        x, y = a[0, 0], operand(rng, dtype, 1, 1, k, 'n')[0, 0]
        calls = {'numpy': lambda: np.dot(x, y)}
        if torch:
            tx, ty = torch.from_numpy(x), torch.from_numpy(y)
            calls['torch'] = lambda: torch.dot(tx, ty)
        return calls
    if op == 'mv':
        a, x, out = a[0], operand(rng, dtype, 1, k, 1, 'n')[0, :, 0], np.empty(m, DTYPES[dtype])
        calls = {'numpy': lambda: np.dot(a, x, out=out)}
        if torch:
            ta, tx, tout = map(torch.from_numpy, (a, x, out))
            calls['torch'] = lambda: torch.mv(ta, tx, out=tout)
        return calls
    b = operand(rng, dtype, batch, k, n, op_b)
    out = np.empty((batch, m, n), DTYPES[dtype])
    if batch == 1:
        a, b, out = a[0], b[0], out[0]
    calls = {'numpy': lambda: np.matmul(a, b, out=out)}
    if torch:
        ta, tb, tout = map(torch.from_numpy, (a, b, out))
        product = torch.mm if batch == 1 else torch.bmm
        calls['torch'] = lambda: product(ta, tb, out=tout)
    return calls


def flops(case):
    op, dtype, m, n, k, _, _, batch = case.split()
    fused = 8 if dtype.startswith('c') else 2
    return fused * int(m) * int(n) * int(k) * int(batch)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('bench')
    parser.add_argument('cases', nargs='+')
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument('--threads', type=int, nargs='+', default=[1, 2])
    args = parser.parse_args()
    ours = subprocess.Popen([args.bench], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    rng = np.random.default_rng(1)
    for case in args.cases:
        calls = peer_calls(case, rng)
        for threads in args.threads:
            if torch:
                torch.set_num_threads(threads)
            if threadpoolctl:
                threadpoolctl.threadpool_limits(threads)
            clock = time.process_time if threads == 1 else time.perf_counter
            seconds = {name: [] for name in ['otium', *calls]}
            for _ in range(args.rounds):
                print(f'{case} {threads}', file=ours.stdin, flush=True)
                seconds['otium'].append(float(ours.stdout.readline()))
                for name, call in calls.items():
                    seconds[name].append(seconds_per_call(call, clock))
                    time.sleep(0.02)  # A peer's threads spin for a while afterwards.
            ratios = [s / min(seconds[name][i] for name in calls)
                      for i, s in enumerate(seconds['otium'])]
            parts = [f'{name} {statistics.median(s) * 1e6:.4g} us '
                     f'{flops(case) / statistics.median(s) / 1e9:.1f}'
                     for name, s in seconds.items()]
            print(f'{case:36} x{threads}  {statistics.median(ratios):.3f} '
                  f'[{min(ratios):.2f}..{max(ratios):.2f}]  ' + ' | '.join(parts), flush=True)
    ours.stdin.close()
    ours.wait()


if __name__ == '__main__':
    main()
