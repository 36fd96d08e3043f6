# SPDX-License-Identifier: Apache-2.0
"""The commands around run: explain, bench, fmt, convert, ops, devices, calibrate."""

import json
import os
import unittest

import numpy as np

import otium
import terminal
from otium import BAD_GRAPH, BAD_INPUT, DIFFERS, RUN_FAILED, USAGE

RIDGE = """# ridge.otm: regularized least squares
graph ridge(A: f64[m, n], b: f64[m], lambda: f64[] positive = 0.1) -> (x, r) {
  G = A.T @ A + lambda * eye(n)
  x = solve(G, A.T @ b)
  r = sum((b - A @ x) * (b - A @ x))
}
"""
PICK = """graph pick(x: f64[n]) -> (index, y) {
  index = nonzero(x)
  y = index * 2
}
"""


class Common(otium.CliTest):
    def setUp(self):
        super().setUp()
        self.write("ridge.otm", RIDGE)
        self.write("pick.otm", PICK)
        self.write("addmv.otm", otium.ADDMV)
        self.sizes = ["--size", "m=60", "--size", "n=8"]


class Check(Common):
    def test_signature(self):
        result = self.otium("check", "ridge.otm")
        self.assertRegex(result.out, r"^ridge\(A: f64\[m, n\], b: f64\[m\], "
                         r"lambda: f64\[\] positive = 0.1\) -> \(x: f64\[n\], r: f64\[\].*\)\n$")
        document = self.otium("check", "ridge.otm", "--json").json()
        self.assertEqual(document["graphs"][0]["sizes"], ["m", "n"])
        self.assertEqual([i["optional"] for i in document["graphs"][0]["inputs"]],
                         [False, False, True])


class Explain(Common):
    def test_needs_no_data(self):
        result = self.otium("explain", "ridge.otm")
        self.assertIn("assuming m = n = 1000", result.err)
        self.assertIn("f64[1000, 1000]", result.out)
        self.assertEqual(result.out, self.otium("explain", "ridge.otm", "--quiet").out)
        # Far more than there is memory for: nothing is allocated.
        self.otium("explain", "ridge.otm", "--size", "m=100000000", "--size", "n=10000")

    def test_what_it_says(self):
        out = self.otium("explain", "ridge.otm", *self.sizes).out
        for words in ("solve", "ridge.otm:4:7", "FLOP", "est ", "peak", "reads", "writes", "cpu",
                      "memory"):
            self.assertIn(words, out)
        document = self.otium("explain", "ridge.otm", *self.sizes, "--json").json()
        plan = document["plan"]
        steps = [s for segment in plan["segments"] for s in segment["steps"]]
        self.assertAlmostEqual(plan["flops"], sum(s["flops"] for s in steps))
        self.assertAlmostEqual(plan["estimated_seconds"],
                               sum(s["estimated_seconds"] for s in steps))
        self.assertGreater(plan["reserved_bytes"], 0)
        self.assertTrue(all(s["device"] == "cpu" and s["kernel"] for s in steps))

    def test_a_guard(self):
        self.write("gram.otm", "graph gram(A: f64[m, n], b: f64[n]) -> x {\n"
                   "  x = solve(A.T @ A, b)\n}\n")
        self.assertIn("guard   else ", self.otium("explain", "gram.otm").out)
        # Of rank 1: definite in theory, not in floats, and singular for all that follow.
        self.otium("run", "gram.otm", "A=ones", "b=[1, 2]", "--size", "m=3", code=RUN_FAILED)

    def test_a_size_that_is_data(self):
        out = self.otium("explain", "pick.otm", "--size", "n=5").out
        self.assertIn("segment 1: planned when its sizes are known: mul", out)
        out = self.otium("explain", "pick.otm", "x=[0, 5, 7]", "--analyze").out
        self.assertNotIn("planned when", out)
        self.assertIn("segment 1: ", out)

    def test_analyze(self):
        out = self.otium("explain", "ridge.otm", *self.sizes, "--analyze").out
        for words in ("measured", "took", "%", "FLOP/s", "B/s", "times the estimate"):
            self.assertIn(words, out)
        plan = self.otium("explain", "ridge.otm", *self.sizes, "--analyze", "--json").json()["plan"]
        steps = [s for segment in plan["segments"] for s in segment["steps"]]
        self.assertAlmostEqual(sum(s["measured"]["share"] for s in steps), 1)

    def test_options_change_the_plan(self):
        text = self.otium("explain", "addmv.otm", *self.sizes).out
        self.assertIn("fired", text)
        for option in (["--no-optimize"], ["--disable-pass", "fuse_products"]):
            other = self.otium("explain", "addmv.otm", *self.sizes, *option).out
            self.assertNotEqual(text, other)
            self.assertNotIn("addmv  ", other)
        gpu = self.otium("explain", "addmv.otm", *self.sizes, "--device", "cuda",
                         "--device-model", "h200").out
        self.assertIn("cuda:0", gpu)
        self.assertIn("transfer", gpu)
        # What is carried over is told by its own name and sizes.
        self.assertRegex(gpu, r"transfer  cpu -> cuda:0 .*\n.*reads   A: f64\[60, 8\] \(input, cpu\)\n")

    def test_a_million_dollar_chain(self):
        lines = "".join(f"  y{i + 1} = y{i} + exp(y{i})\n" for i in range(3000))
        self.write("chain.otm", f"graph chain(y0: f64[n]) -> y3000 {{\n{lines}}}\n")
        self.otium("explain", "chain.otm", "--no-optimize", "--size", "n=16")


class Bench(Common):
    def test_text(self):
        result = self.otium("bench", "addmv.otm", *self.sizes, "--repeat", "20")
        for words in ("addmv, m = 60, n = 8: 20 runs", "median", "10% - 90%", "FLOP/s", "B/s",
                      "% of the roofline", "first run"):
            self.assertIn(words, result.out)
        self.assertRegex(result.out, r"\n  steps, the median of \d+ runs?\n +[\d.]+%  addmv ")

    def test_json(self):
        bench = self.otium("bench", "addmv.otm", *self.sizes, "--repeat", "20",
                           "--json").json()["bench"]
        self.assertEqual(bench["runs"], 20)
        # Few microseconds each: time for as many as were timed.
        self.assertGreater(bench["profiled_runs"], 1)
        self.assertLessEqual(bench["profiled_runs"], 20)
        self.assertLessEqual(bench["min_seconds"], bench["median_seconds"])
        self.assertLessEqual(bench["median_seconds"], bench["p90_seconds"])
        self.assertLessEqual(bench["p90_seconds"], bench["max_seconds"])
        self.assertGreater(bench["flops_per_second"], 0)

    def test_a_size_that_is_data(self):
        self.otium("bench", "pick.otm", "--size", "n=9", "--repeat", "3")


class Inspection(Common):
    def test_profile(self):
        self.otium("run", "ridge.otm", "--random-missing", *self.sizes, "--profile", "trace.json")
        trace = json.loads((self.folder / "trace.json").read_text())
        events = [e for e in trace["traceEvents"] if e["ph"] == "X"]
        self.assertIn("solve x", [e["name"] for e in events if e["cat"] == "step"])
        self.assertIn("inline_calls", [e["name"] for e in events if e["cat"] == "pass"])
        self.assertTrue(all(e["dur"] >= 0 and e["ts"] >= 0 for e in events))
        self.otium("run", "ridge.otm", "--random-missing", *self.sizes, "--profile",
                   "nowhere/trace.json", code=RUN_FAILED)

    def test_dump_passes(self):
        np.save(self.path("w.npy"), np.arange(100.0))
        self.write("f.otm", 'graph f(x: f64[100]) -> (k, y) {\n  k = nonzero(x + load("w.npy"))\n'
                   "  y = 2 * k\n}\n")
        self.otium("run", "f.otm", "x=ones", "--dump-passes", "dump")
        names = sorted(os.listdir(self.path("dump")))
        self.assertIn("00-source.otm", names)
        self.assertIn("01-inline_calls.otm", names)
        self.assertIn("1.00-source.otm", names)
        for name in names:
            if name.endswith(".otm"):
                self.otium("check", f"dump/{name}")
        self.write("file", "")
        self.otium("run", "f.otm", "x=ones", "--dump-passes", "file/x",
                   code=RUN_FAILED)

    def test_dumps_run_on_their_own(self):
        # A constant too large to print lies beside the dumps, once.
        w = np.random.default_rng(3).standard_normal((20, 100))
        np.save(self.path("w.npy"), w)
        self.write("f.otm", 'graph f(x: f64[100], s: f64[] = 2) -> y {\n  y = s * (load("w.npy") @ x) + 1\n}\n')
        x = np.arange(100.0)
        np.save(self.path("x.npy"), x)
        self.otium("run", "f.otm", "x=x.npy", "-o", "y.npy", "--dump-passes", "dump")
        np.testing.assert_allclose(np.load(self.path("y.npy")), 2 * w @ x + 1)
        self.assertRegex(self.otium("explain", "f.otm").out,
                         r"constant0: f64\[20, 100\] \(constant\), x: f64\[100\] \(input\)")
        names = os.listdir(self.path("dump"))
        self.assertEqual(len([n for n in names if n.endswith(".npy")]), 1, names)
        self.assertGreater(len(names), 3)
        self.assertIn("00-source.otm", names)
        self.assertNotIn("1.00-source.otm", names)  # Defaults are graphs of their own.
        for name in names:
            if name.endswith(".otm"):
                self.otium("run", f"dump/{name}", "x=x.npy", "--expect", "y=y.npy")

    def test_repeat(self):
        result = self.otium("run", "addmv.otm", "--random-missing", *self.sizes, "--repeat", "5",
                            "-o", "z.npy")
        self.assertEqual(result.out, "")
        self.assertIn("5 runs", result.err)
        document = self.otium("run", "addmv.otm", "--random-missing", *self.sizes, "--repeat",
                              "5", "--json").json()
        self.assertEqual(len(document["seconds"]), 5)
        self.assertEqual(document["results"]["z"]["shape"], [60])

    def test_json_of_results(self):
        self.write("f.otm", "graph f(x: c64[n], y: f64[k]) -> (a, b, c) {\n  a = x * 2\n  b = y / 2\n"
                   "  c = y > 0\n}\n")
        document = self.otium("run", "f.otm", "x=[1+2j]", "y=[inf, -inf, nan, 0.2]", "--json").json()
        self.assertEqual(document["format"], 1)
        self.assertEqual(document["command"], "run")
        self.assertEqual(document["errors"], [])
        self.assertEqual(document["results"]["a"],
                         {"dtype": "c64", "shape": [1], "data": [[2.0, 4.0]]})
        self.assertEqual(document["results"]["b"]["data"], ["inf", "-inf", "nan", 0.1])
        self.assertEqual(document["results"]["c"]["data"], [True, False, False, True])
        document = self.otium("run", "addmv.otm", "--random-missing", "--size", "m=1001",
                              "--size", "n=1", "--json").json()
        self.assertTrue(document["results"]["z"]["elided"])
        document = self.otium("run", "addmv.otm", "--random-missing", "--size", "m=1001",
                              "--size", "n=1", "--json", "--full", "-o", "z.npy").json()
        self.assertEqual(len(document["results"]["z"]["data"]), 1001)
        self.assertEqual(document["results"]["z"]["file"], "z.npy")

    def test_threads_do_not_change_bits(self):
        for threads in (1, 2, 5):
            self.otium("run", "ridge.otm", "--random-missing", "--size", "m=500", "--size", "n=70",
                       "--threads", threads, "-o", f"{threads}.npz")
        bits = [(self.folder / f"{t}.npz").read_bytes() for t in (1, 2, 5)]
        self.assertEqual(bits[0], bits[1])
        self.assertEqual(bits[0], bits[2])

    def test_math(self):
        for math in ("strict", "standard", "fast"):
            self.otium("run", "ridge.otm", "--random-missing", *self.sizes, "--math", math, "--check")
        strict = self.otium("run", "ridge.otm", "--random-missing", *self.sizes, "--math", "strict")
        plain = self.otium("run", "ridge.otm", "--random-missing", *self.sizes, "--no-optimize")
        self.assertEqual(strict.out, plain.out)


class Fmt(Common):
    UNTIDY = "# kept\ngraph   f( x:f64[n] )->y{\n    y=x+ 1   # why\n}\n"
    TIDY = "# kept\ngraph f(x: f64[n]) -> y {\n  y = x + 1  # why\n}\n"

    def test_print(self):
        self.write("f.otm", self.UNTIDY)
        self.assertEqual(self.otium("fmt", "f.otm").out, self.TIDY)
        self.assertEqual(self.otium("fmt", "-", stdin=self.UNTIDY.encode()).out, self.TIDY)
        self.assertEqual(self.otium("fmt", "ridge.otm").out, RIDGE)

    def test_check_and_write(self):
        self.write("f.otm", self.UNTIDY)
        self.assertEqual(self.otium("fmt", "f.otm", "--check", code=DIFFERS).out, "")
        self.assertEqual(self.otium("fmt", "f.otm", "--write").out, "")
        self.assertEqual((self.folder / "f.otm").read_text(), self.TIDY)
        self.otium("fmt", "f.otm", "--check")
        self.otium("fmt", "f.otm", "--check", "--write", code=USAGE)
        self.otium("fmt", "-", "--write", stdin=self.UNTIDY.encode(), code=USAGE)

    def test_canonical(self):
        text = self.otium("fmt", "ridge.otm", "--canonical").out
        self.write("again.otm", text)
        self.assertEqual(self.otium("fmt", "again.otm", "--canonical").out, text)
        values = ["--random-missing", *self.sizes]
        self.assertEqual(self.otium("run", "ridge.otm", *values).out,
                         self.otium("run", "again.otm", *values).out)

    def test_broken(self):
        self.write("f.otm", "graph f( {")
        self.otium("fmt", "f.otm", code=BAD_GRAPH)
        self.assertEqual((self.folder / "f.otm").read_text(), "graph f( {")


class Convert(Common):
    def test_round_trip(self):
        A = np.random.default_rng(1).standard_normal((3, 4))
        np.save(self.path("A.npy"), A)
        for name in ("B.npz", "C.mtx", "D.npy"):
            self.otium("convert", "A.npy", name)
            self.otium("convert", name, "back.npy")
            np.testing.assert_array_equal(np.load(self.path("back.npy")), A)
        with np.load(self.path("B.npz")) as f:
            self.assertEqual(f.files, ["A"])

    def test_sets(self):
        np.savez(self.path("set.npz"), u=np.arange(3), v=np.ones((2, 2)))
        self.otium("convert", "set.npz", "copy.npz")
        with np.load(self.path("copy.npz")) as f:
            self.assertEqual(f.files, ["u", "v"])
        self.otium("convert", "set.npz:u", "u.npy")
        np.testing.assert_array_equal(np.load(self.path("u.npy")), np.arange(3))
        self.otium("convert", "set.npz", "one.npy", code=BAD_INPUT)
        self.otium("convert", "set.npz:u", "u.mtx", code=BAD_INPUT)
        self.otium("convert", "set.npz:u", "renamed.npz:w")
        with np.load(self.path("renamed.npz")) as f:
            self.assertEqual(f.files, ["w"])

    def test_mistakes(self):
        self.otium("convert", "nothing.npy", "B.npy", code=BAD_INPUT)
        self.otium("convert", "a.txt", "B.npy", code=USAGE)
        np.save(self.path("A.npy"), np.ones((2, 2)))
        self.otium("convert", "A.npy", "B.txt", code=USAGE)
        self.otium("convert", "A.npy", "nowhere/B.npy", code=RUN_FAILED)
        document = self.otium("convert", "A.npy", "B.npz", "--json").json()
        self.assertEqual(document["converted"], [{"name": "A", "type": "f64[2, 2]"}])


class Ops(Common):
    def test_list(self):
        names = [line.split()[0] for line in self.otium("ops").out.splitlines()]
        self.assertIn("addmv", names)
        document = self.otium("ops", "--json").json()
        self.assertEqual([op["name"] for op in document["ops"]], names)
        for op in document["ops"]:
            self.assertTrue(op["doc"], op["name"])

    def test_first_sentences(self):
        out = self.otium("ops").out
        self.assertIn("arange         start, start + step, ... before end; arange(end) starts at 0\n",
                      out)
        for line in out.splitlines():
            self.assertFalse(line.endswith("."), line)

    def test_structure_words(self):
        # Declarations say these words; where they are explained is with assume.
        out = self.otium("ops", "assume").out
        self.assertRegex(out, "full_rank +full column rank: at least as many rows as columns")
        for word in ("spd", "lower", "orthonormal", "positive", "banded"):
            self.assertRegex(out, rf"\n  {word}\b.* \w+")
        self.assertNotIn("full_rank", self.otium("ops", "addmv").out)

    def test_one(self):
        out = self.otium("ops", "addmv").out
        self.assertTrue(out.startswith("addmv(input, "))
        self.assertIn("cpu", out)
        self.assertIn("did you mean addmv", self.otium("ops", "admv", code=USAGE).err)
        op = self.otium("ops", "var_mean", "--json").json()["ops"][0]
        self.assertEqual(op["result_names"], ["var", "mean"])


    def test_made_of_others(self):
        out = self.otium("ops", "lu").out
        self.assertIn("made of others:\n  lu(A) -> lu_unpack(lu_factor_ex(A)): always\n", out)
        self.assertNotIn("made of", self.otium("ops", "lu_factor").out)
        for op in self.otium("ops", "--json").json()["ops"]:
            # What the reference alone has is data, a view, or made of what others have.
            names = {b["backend"] for b in op["backends"]}
            if names == {"reference"} and not {"creation", "view"} & set(op["traits"]):
                self.assertTrue(op["made_of"], op["name"])


class OpTypes(Common):
    """otium ops asks the type rules what they take."""

    def types(self, name):
        op = self.otium("ops", name, "--json").json()["ops"][0]
        return ({p["name"]: p["dtypes"] for p in op["params"] if p["operand"]},
                [(t["operands"], t["results"]) for t in op["types"]])

    def test_results(self):
        every = ["bool", "i32", "i64", "f16", "bf16", "f32", "f64", "c64", "c128"]
        self.assertEqual(self.types("eq"), ({"a": every, "b": every}, [(every, ["bool"])]))
        self.assertEqual(self.types("div")[1], [(every[:3], ["f32"]), (every[3:], ["the same"])])
        self.assertEqual(self.types("abs")[1], [(every[1:7], ["the same"]), (["c64"], ["f32"]),
                                                (["c128"], ["f64"])])
        factored = ["f32", "f64", "c64", "c128"]
        self.assertEqual(self.types("solve"), ({"A": factored, "B": factored},
                                               [(factored, ["the same"])]))
        self.assertEqual(self.types("where")[0], {"condition": ["bool"], "a": every, "b": every})
        self.assertEqual(self.types("var_mean")[1][0][1], ["the same", "the same"])

    def test_every_op_is_answered_for(self):
        # Ops on graphs, and those that the planner makes, have no type of their own.
        for op in self.otium("ops", "--json").json()["ops"]:
            graph = any(p["kind"] == "graph" for p in op["params"])
            if any(p["operand"] for p in op["params"]) and not graph:
                self.assertTrue(op["types"], op["name"])

    def test_text(self):
        out = self.otium("ops", "div").out
        self.assertIn("  a              tensor: any dtype\n", out)
        self.assertIn("  bool i32 i64 -> f32\n  f16 bf16 f32 f64 c64 c128 -> the same\n", out)


class Devices(Common):
    def test_devices(self):
        self.assertIn("cpu", self.otium("devices").out)
        devices = self.otium("devices", "--device-model", "h200", "--json").json()["devices"]
        self.assertEqual([d["device"] for d in devices], ["cpu", "cuda:0"])
        self.assertEqual([d["present"] for d in devices], [True, False])
        self.otium("devices", "--device-model", "nothing", code=USAGE)

    def test_calibrate(self):
        self.assertFalse(self.otium("devices", "--json").json()["calibrated"])
        text = self.otium("calibrate", timeout=600).out
        self.assertEqual((self.folder / "cache" / "machine.txt").read_text(), text)
        document = self.otium("devices", "--json").json()
        self.assertTrue(document["calibrated"])
        self.assertGreater(document["devices"][0]["f32_flops"], 1e8)
        # A broken file is not trusted.
        (self.folder / "cache" / "machine.txt").write_text("f32_flops nonsense\n")
        self.otium("devices")


class Terminal(Common):
    def on_terminal(self, *arguments, env=None, **how):
        """What otium writes to a terminal that stderr is."""
        environment = {"TERM": "xterm", "HOME": self.path("."), **(env or {})}
        return terminal.on_terminal(self.folder, "stderr", arguments, environment, **how)[0]

    def test_colour(self):
        self.write("bad.otm", "graph f(x: f64[n]) -> y {\n  y = rleu(x)\n}\n")
        self.assertIn("\033[", self.on_terminal("check", "bad.otm"))
        self.assertNotIn("\033[", self.on_terminal("check", "bad.otm", env={"NO_COLOR": "1"}))
        self.assertIn("\033[", self.on_terminal("check", "bad.otm", "--color", "always",
                                                env={"NO_COLOR": "1"}))
        self.assertNotIn("\033[", self.on_terminal("check", "bad.otm", "--color", "never"))
        self.assertNotIn("\033[", self.otium("check", "bad.otm", code=BAD_GRAPH).err)
        self.assertIn("\033[", self.otium("check", "bad.otm", "--color", "always",
                                          code=BAD_GRAPH).err)

    def test_what_does_not_fit_is_clipped(self):
        """Carets stand under what they point at, and the bar can be wiped."""
        self.write("bad.otm", f"graph f(x: f64[n]) -> y {{\n  y = {'x + ' * 30}rleu(x){' + x' * 30}\n}}\n")
        for columns in (40, 80, 200):
            text = self.on_terminal("check", "bad.otm", "--color", "never", columns=columns)
            lines = text.replace("\r", "").split("\n")
            self.assertLessEqual(max(map(len, lines[1:3])), columns)
            self.assertEqual(lines[1].index("rleu"), lines[2].index("^~~~"))
        text = self.on_terminal("run", "addmv.otm", "--random-missing", *self.sizes, "--repeat",
                                1000000000, until=r"(?s)(running.*){5}", columns=30)
        bars = [bar for bar in text.split("\r\033[K") if bar.startswith("running")]
        self.assertGreater(len(bars), 3)
        self.assertLess(max(map(len, bars)), 30)

    def test_progress_after_a_second(self):
        run = ["run", "addmv.otm", "--random-missing", *self.sizes, "--repeat"]
        self.assertNotIn("running", self.on_terminal(*run, 2))
        self.assertIn("running", self.on_terminal(*run, 1000000000, until="running"))
        self.assertEqual(self.on_terminal(*run, 1000000000, "--quiet", seconds=2), "")


if __name__ == "__main__":
    otium.main()
