# SPDX-License-Identifier: Apache-2.0
"""The loop of a Python worker: `CASE ITERATIONS` on a line of standard input, the
seconds of one iteration (or `unsupported`) on a line of standard output. The case
is made at its first line and kept until another one is asked for."""

import sys
import time


def serve(make, synchronize=lambda result: result):
    current, function = None, None
    for line in sys.stdin:
        name, iterations = line.split()
        if name != current:
            current, function = name, make(name)
            if function is not None:
                synchronize(function())
        if function is None:
            print("unsupported", flush=True)
            continue
        start = time.perf_counter()
        for _ in range(int(iterations)):
            synchronize(function())
        print((time.perf_counter() - start) / int(iterations), flush=True)
