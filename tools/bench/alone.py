# SPDX-License-Identifier: Apache-2.0
"""What Otium is measured at without peers: beside a busy process, and starting."""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TINY = "graph tiny(x: f32[3]) -> (y) {\n  y = x + 1\n}\n"


def busy_core_rates(make_worker, sizes, rounds):
    """(size, rate of two threads beside a process that keeps core 1 busy, over the
    rate of one thread alone), taking turns."""
    one, two = make_worker(1), make_worker(2)
    rates = []
    for n in sizes:
        case = f"mm_f32_{n}"
        iterations = max(1, int(0.05 / one.seconds(case, 1)))
        ratios = []
        for _ in range(rounds):
            alone = one.seconds(case, iterations)
            busy = subprocess.Popen([sys.executable, "-c", "while True: pass"],
                                    preexec_fn=lambda: os.sched_setaffinity(0, {1}))
            time.sleep(0.05)
            beside = two.seconds(case, iterations)
            busy.kill()
            busy.wait()
            ratios.append(alone / beside)
        rates.append((n, statistics.median(ratios)))
    for worker in (one, two):
        worker.close()
    return rates


def start_seconds(otium, rounds):
    """The median of whole processes that run a tiny graph."""
    with tempfile.TemporaryDirectory() as folder:
        graph = Path(folder, "tiny.otm")
        graph.write_text(TINY)
        times = []
        for _ in range(rounds):
            start = time.perf_counter()
            subprocess.run([otium, "run", graph, "x=[1, 2, 3]", "--quiet"], check=True,
                           stdout=subprocess.DEVNULL)
            times.append(time.perf_counter() - start)
    return statistics.median(times)
