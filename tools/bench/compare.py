#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Otium against its peers, interleaved: every round asks each worker in turn for a
few iterations of the same case, so that what disturbs one disturbs all. Prints a
table of ratios (Otium's time over the fastest peer's; lower is better) and writes
JSON. See tools/bench/README.md.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import alone
import cases

HERE = Path(__file__).resolve().parent
PEERS = ["numpy", "scipy", "torch", "jax", "mlx"]
TARGET_SECONDS = 0.05  # Of one worker's turn in a round.
# Between turns: OpenBLAS's and OpenMP's threads spin for a while after their work,
# on the cores of whoever comes next.
SETTLE_SECONDS = 0.06


class Worker:
    def __init__(self, name, command, threads):
        env = dict(os.environ, OTIUM_BENCH_THREADS=str(threads))
        for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
            env[variable] = str(threads)
        if threads == 1:
            env["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
        self.name = name
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env, text=True,
            preexec_fn=(lambda: os.sched_setaffinity(0, {0})) if threads == 1 else None)

    def seconds(self, case, iterations):
        try:
            self.process.stdin.write(f"{case} {iterations}\n")
            self.process.stdin.flush()
            answer = self.process.stdout.readline().strip()
        except BrokenPipeError:
            return None
        return float(answer) if answer not in ("", "unsupported") else None

    def machine(self, what):
        """Flops or bytes a second of the worker's threads, the best of several."""
        return max(self.seconds(f"machine_{what}", 1) for _ in range(7))

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def interleaved(workers, case, rounds):
    """Seconds of each round, by worker; workers that lack the case are left out."""
    iterations = {}
    for w in workers:
        first = w.seconds(case, 1)
        if first is not None:
            again = w.seconds(case, 1)
            iterations[w] = max(1, min(10000, int(TARGET_SECONDS / max(again, 1e-7))))
    times = {w.name: [] for w in iterations}
    for _ in range(rounds):
        for w, n in iterations.items():
            time.sleep(SETTLE_SECONDS)
            times[w.name].append(w.seconds(case, n))
    return times


def settled(worker, name):
    """Seconds of the second run: the first after another size takes its memory from the
    system anew, or finds more of it than it would leave."""
    worker.seconds(name, 1)
    return worker.seconds(name, 1)


def compare(case, times, machine):
    own = times.get("otium")
    peers = {name: t for name, t in times.items() if name != "otium"}
    row = {"case": case.name, "limit": case.limit, "median_seconds": {
        name: statistics.median(t) for name, t in times.items()}}
    if case.peer:
        peers = {name: t for name, t in peers.items() if name == case.peer}
    if own is None or not peers:
        return row
    fastest = min(peers, key=lambda name: statistics.median(peers[name]))
    ratios = [a / b for a, b in zip(own, peers[fastest])]
    quartiles = statistics.quantiles(ratios, n=4) if len(ratios) > 1 else [ratios[0]] * 3
    row.update(peer=fastest, ratio=statistics.median(ratios), low=quartiles[0], high=quartiles[2])
    seconds = statistics.median(own)
    if case.kind == "calls":
        row["rate"] = f"{seconds / case.amount * 1e9:.0f} ns/op"
    else:
        peak = machine[case.kind] / (2 if case.dtype == "f64" and case.kind == "fma" else 1)
        unit = "GFLOP/s" if case.kind == "fma" else "GB/s"
        row["rate"] = f"{case.amount / seconds / 1e9:.1f} {unit}"
        row["share"] = case.amount / seconds / peak
    return row


def print_row(row):
    if "ratio" not in row:
        print(f"{row['case']:26} no peer or not supported")
        return
    share = f"{100 * row['share']:4.0f}%" if "share" in row else "     "
    mark = "ok  " if row["ratio"] <= row["limit"] else "MISS"
    print(f"{row['case']:26} {row['ratio']:6.2f}  [{row['low']:.2f}, {row['high']:.2f}]"
          f"  <= {row['limit']:<5} {mark} {row['rate']:>15} {share}  {row['peer']}", flush=True)


def busy_core(args):
    print("\nmm of f32 by two threads beside a busy process on one of two cores, "
          "over one thread alone")
    rates = alone.busy_core_rates(lambda threads: Worker("otium", [args.worker], threads),
                                  cases.BUSY_SIZES, args.rounds)
    for n, rate in rates:
        print(f"n = {n:<5} {rate:.2f} of the rate  >= {cases.BUSY_LEAST}  "
              f"{'ok' if rate >= cases.BUSY_LEAST else 'MISS'}", flush=True)
    return rates


def start(args):
    otium = Path(args.worker).parent / "otium"
    if not otium.exists():
        print(f"\n{otium} is not built: the start of a process is not measured")
        return None
    seconds = alone.start_seconds(otium, 4 * args.rounds)
    print(f"\notium run of a tiny graph, whole process: {seconds * 1e3:.1f} ms  "
          f"<= {cases.START_LIMIT * 1e3:.0f} ms  "
          f"{'ok' if seconds <= cases.START_LIMIT else 'MISS'}")
    return seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worker", default=str(HERE / "../../build/release/bin/otium_bench_worker"))
    parser.add_argument("--python", default=sys.executable, help="an interpreter with the peers")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--cases", default="", help="only cases whose name contains this")
    parser.add_argument("--json", default="", help="write the results here")
    args = parser.parse_args()

    report = []
    for threads in args.threads:
        workers = [Worker("otium", [args.worker], threads)]
        for peer in PEERS:
            available = subprocess.run(
                [args.python, "-c", f"import {'mlx.core' if peer == 'mlx' else peer}"],
                capture_output=True).returncode == 0
            if available:
                workers.append(Worker(peer, [args.python, str(HERE / f"{peer}_worker.py")], threads))
        own = workers[0]
        # Whoever still imports would share the core with the measurement.
        for worker in workers:
            worker.seconds("mv_1000", 1)
        machine = {what: own.machine(what) for what in ("fma", "read", "2r1w")}
        machine["threads"] = threads
        print(f"\n{threads} thread{'s' * (threads > 1)}; peers: "
              f"{', '.join(w.name for w in workers[1:]) or 'none'}; f32 multiply-adds "
              f"{machine['fma'] / 1e9:.0f} GFLOP/s, reading {machine['read'] / 1e9:.1f} GB/s, "
              f"2 reads and 1 write {machine['2r1w'] / 1e9:.1f} GB/s")
        print(f"{'case':26} {'ratio':>6}  quartiles        limit         Otium's rate  share  fastest peer")
        rows = []
        for case in cases.CASES:
            if args.cases in case.name:
                rows.append(compare(case, interleaved(workers, case.name, args.rounds), machine))
                print_row(rows[-1])
        for name, what, limit in cases.OWN:
            if args.cases in name:
                seconds = [own.seconds(name, 1) for _ in range(5)]
                if None in seconds:
                    continue
                median = statistics.median(seconds)
                rows.append({"case": name, "seconds": median, "limit_seconds": limit})
                print(f"{what:44} {median:.3g} s  <= {limit:g} s  "
                      f"{'ok' if median <= limit else 'MISS'}", flush=True)
        for what, once, twice, limit in cases.GROWTH:
            if args.cases in twice:
                ratio = statistics.median(settled(own, twice) / settled(own, once)
                                          for _ in range(3))
                rows.append({"case": twice, "ratio_to_half": ratio, "limit": limit})
                print(f"{what:44} {ratio:.2f}  <= {limit:g}  "
                      f"{'ok' if ratio <= limit else 'MISS'}", flush=True)
        report.append({"machine": machine, "rows": rows})
        for w in workers:
            w.close()
    if not args.cases or "busy" in args.cases:
        report.append({"busy_core": busy_core(args)})
    if not args.cases or "start" in args.cases:
        report.append({"start": start(args)})
    if args.json:
        Path(args.json).write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
