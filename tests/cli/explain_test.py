# SPDX-License-Identifier: Apache-2.0
"""otium explain: what it says of a plan and of passes, on terminals and in pipes."""

import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import termios

import numpy as np

import otium
from otium import RUN_FAILED, USAGE

SOFTMAX = """graph soft(x: f32[t, d], W: f32[d, e], b: f32[e]) -> y {
  y = softmax(x @ W + b, dim=1)
}
"""
SCOPES = """graph scale(x: f32[t, d], g: f32[d]) -> y {
  y = x / sqrt(mean(x * x, dim=1, keepdim=true) + 1e-5) * g
}
graph block(x: f32[t, d], g: f32[d], W: f32[d, d], b: f32[d]) -> y {
  n = scale(x, g)
  y = x + relu(n @ W + b)
}
graph net(x: f32[t, d], g: f32[d], W: f32[d, d], b: f32[d]) -> (y, h) {
  h = block(x, g, W, b)
  y = block(h, g, W, b)
}
"""
PICK = "graph pick(x: f64[n]) -> y {\n  k = nonzero(x + x)\n  y = 2 * k\n}\n"
GRAM = "graph gram(A: f64[m, n], b: f64[n]) -> x {\n  x = solve(A.T @ A, b)\n}\n"


def patched(lines, diff):
    """What patch makes of `lines`."""
    out, at = [], 0
    for line in diff.splitlines():
        if line.startswith("@@"):
            begin, _, size = re.match(r"@@ -(\d+)(,(\d+))?", line).groups()
            first = int(begin) - (size != "0")
            out += lines[at:first]
            at = first
            continue
        if line[0] != "+":
            assert lines[at] == line[1:], (lines[at], line)
            at += 1
        if line[0] != "-":
            out.append(line[1:])
    return out + lines[at:]


class Common(otium.CliTest):
    def setUp(self):
        super().setUp()
        self.write("addmv.otm", otium.ADDMV)
        self.write("soft.otm", SOFTMAX)
        self.write("net.otm", SCOPES)
        self.write("pick.otm", PICK)
        self.write("gram.otm", GRAM)
        # A plan of more steps than one sees at a glance; sqrt keeps products apart.
        lines = "".join(f"  y{i + 1} = sqrt(A @ y{i}) @ A\n" for i in range(6))
        self.write("long.otm", f"graph long(A: f64[n, n], y0: f64[n]) -> y6 {{\n{lines}}}\n")
        self.sizes = ["--size", "m=60", "--size", "n=8"]

    def explain(self, *arguments, **options):
        return self.otium("explain", *arguments, **options).out

    def plan(self, *arguments):
        return self.otium("explain", *arguments, "--json").json()["plan"]


class Passes(Common):
    def check_diffs(self, *arguments):
        """The diffs in order lead from the source to each file of --dump-passes."""
        plan = self.plan(*arguments, "--passes", "--dump-passes", "dump")
        changed = 0
        for i, segment in enumerate(plan["segments"]):
            def text(number, name):
                stem = f"{i}." if i > 0 else ""
                return (self.folder / f"dump/{stem}{number:02}-{name}.otm").read_text().splitlines()

            now = text(0, "source")
            for j, record in enumerate(segment["passes"]):
                if "diff" in record:
                    changed += 1
                    before, now = now, patched(now, record["diff"])
                    self.assertNotEqual(before, now)
                    lines = record["diff"].splitlines()
                    self.assertEqual(record["lines_added"], sum(l[0] == "+" for l in lines))
                    self.assertEqual(record["lines_removed"], sum(l[0] == "-" for l in lines))
                    self.assertEqual(record["diff_lines_left_out"], 0)
                    self.assertEqual(record["fired"], sum(r["fired"] for r in record["rules"]))
                self.assertEqual(now, text(j + 1, record["name"]), record["name"])
        return changed

    def test_diffs_lead_to_the_dumps(self):
        self.assertGreaterEqual(self.check_diffs("addmv.otm", *self.sizes), 2)
        self.assertGreaterEqual(
            self.check_diffs("net.otm", "--size", "t=64", "--size", "d=96"), 4)
        self.assertGreaterEqual(self.check_diffs("gram.otm", *self.sizes), 1)

    def test_segments(self):
        self.write("late.otm", "graph late(x: f64[n], A: f32[2, 1]) -> y {\n"
                   "  y = (nonzero(x) * 1.5) @ A.T + 1.0\n}\n")
        self.assertGreaterEqual(self.check_diffs("late.otm", "x=[0, 5, 7]", "--analyze"), 1)
        out = self.explain("late.otm", "x=[0, 5, 7]", "--analyze", "--passes")
        self.assertRegex(out, r"\npass \w+ of segment 1: \d+ lines? added")

    def test_text(self):
        self.assertEqual(self.explain("addmv.otm", *self.sizes, "--passes").split("plan:")[0],
                         """addmv(A: f64[60, 8], x: f64[8], y: f64[60]) -> (z: f64[60])

pass decompose: 1 line added, 1 removed
  fired   matmul: A @ B -> dot, mv, mm or bmm by their ranks
--- source
+++ decompose
@@ -1,4 +1,4 @@
 graph addmv(A: f64[60, 8], x: f64[8], y: f64[60]) -> z {
-  v0: f64[60] = matmul(A, x)
+  v0: f64[60] = mv(A, x)
   z: f64[60] = add(y, v0)
 }

pass fuse_products: 1 line added, 2 removed
  fired   addmv: beta*y + alpha*mv(A, x) -> addmv(y, A, x, beta, alpha)
--- decompose
+++ fuse_products
@@ -1,4 +1,3 @@
 graph addmv(A: f64[60, 8], x: f64[8], y: f64[60]) -> z {
-  v0: f64[60] = mv(A, x)
-  z: f64[60] = add(y, v0)
+  z: f64[60] = addmv(y, A, x)
 }

""")

    def test_refusals_stand_below_the_rewrites(self):
        # One product has two uses, one is read by a sum that may have none.
        self.write("two.otm", "graph two(A: f64[n, n], x: f64[n], y: f64[n]) -> (z, u, w) {\n"
                   "  p = A @ x\n  z = p + y\n  u = p\n  w = z + A @ y\n}\n")
        arguments = ["two.otm", "--size", "n=500", "--passes"]
        passes = {p["name"]: p for p in self.plan(*arguments)["segments"][0]["passes"]}
        refusal, = passes["fuse_products"]["refusals"]
        self.assertEqual(refusal, {
            "text": "addmv: not fused at add z (two.otm:3:7): the product matmul p (two.otm:2:7) "
                    "has 2 uses, and recomputing it costs 500 kFLOP", "refused": 1})
        for record in passes.values():
            if "refusals" in record:
                self.assertEqual(record["refused"], sum(r["refused"] for r in record["refusals"]))
            else:
                self.assertEqual(record["refused"], 0)
        section = self.explain(*arguments).split("\npass fuse_products: ")[1].split("\npass ")[0]
        self.assertRegex(section, r"(?s)\n  fired   addmv: .*\n  refused " +
                         re.escape(refusal["text"]) + r"\n--- decompose\n")
        # A pass that only refused changed nothing, and says what it refused.
        self.write("one.otm", "graph one(A: f64[n, n], x: f64[n], y: f64[n]) -> (z, p) {\n"
                   "  p = A @ x\n  z = p + y\n}\n")
        out = self.explain("one.otm", "--size", "n=500", "--passes")
        self.assertRegex(out, r"\npass fuse_products: no change\n  refused addmv: not fused at .*"
                         r"\n\n")
        self.assertNotIn("+++ fuse_products", out)

    def test_many_refusals_are_cut(self):
        lines = "".join(f"  p{i} = A @ x{i}\n  x{i + 1} = p{i} + x{i}\n" for i in range(60))
        results = ", ".join(f"p{i}" for i in range(60))
        self.write("many.otm", f"graph many(A: f64[n, n], x0: f64[n]) -> ({results}, x60) {{\n"
                   f"{lines}}}\n")
        out = self.explain("many.otm", "--size", "n=8", "--passes").split("\nplan:")[0]
        self.assertEqual(out.count("  refused addmv: "), 50)
        self.assertIn("\n  (10 more refused)\n", out)
        passes = self.plan("many.otm", "--size", "n=8", "--passes")["segments"][0]["passes"]
        self.assertIn(60, [len(p.get("refusals", [])) for p in passes])

    def test_the_plan_says_the_names_of_the_diffs(self):
        sizes = ["--size", "t=64", "--size", "d=96"]
        plan = self.plan("net.otm", *sizes, "--passes", "--dump-passes", "dump")
        # Whether the diffs are shown or not.
        self.assertEqual([s["results"] for s in plan["segments"][0]["steps"]],
                         [s["results"] for s in self.plan("net.otm", *sizes)["segments"][0]["steps"]])
        last = sorted(os.listdir(self.path("dump")))[-1]
        text = (self.folder / "dump" / last).read_text()
        named = [o["name"] for s in plan["segments"][0]["steps"] for o in s["results"]]
        self.assertTrue(any(re.fullmatch(r"v\d+", name) for name in named), named)
        for name in named:
            self.assertRegex(text, rf"(?m)^  (.*, )?{name}: ")

    def test_passes_that_do_not_run_have_no_diff(self):
        out = self.explain("addmv.otm", *self.sizes, "--passes", "--no-optimize")
        self.assertEqual(re.findall(r"(?m)^pass (\w+)", out), ["decompose"])

    def test_large_constants(self):
        np.save(self.path("w.npy"), np.ones((20, 100)))
        self.write("f.otm", 'graph f(x: f64[100]) -> y {\n  y = load("w.npy") @ x + 1\n}\n')
        out = self.explain("f.otm", "--passes")
        self.assertIn("elided", out)
        self.assertIn("constant0: f64[20, 100] (constant)", out)

    def test_long_diffs_are_cut(self):
        lines = "".join(f"  y{i + 1} = A @ y{i} + y{i}\n" for i in range(1500))
        self.write("big.otm", f"graph big(A: f64[n, n], y0: f64[n]) -> y1500 {{\n{lines}}}\n")
        out = self.explain("big.otm", "--size", "n=8", "--passes").split("\nplan:")[0]
        sections = out.split("\npass ")[1:]
        cut = [s for s in sections if " more)\n" in s]
        self.assertTrue(cut)
        for section in cut:
            diff = section.split("\n+++ ")[1].split("\n", 1)[1]
            shown = [l for l in diff.splitlines() if l and not l.startswith("(")]
            self.assertEqual(len(shown), 2000)
            self.assertRegex(section, r"\n\(\d+ lines? more\)\n")


class Facts(Common):
    def test_transfers(self):
        gpu = ["--device", "cuda", "--device-model", "h200"]
        plan = self.plan("addmv.otm", *self.sizes, *gpu)
        steps = plan["segments"][0]["steps"]
        carried = [s for s in steps if s["kind"] == "transfer"]
        # A, x and y go there, 8 bytes an element, z comes back.
        self.assertEqual(
            sorted((s["from"], s["device"], s["bytes"]) for s in carried),
            sorted([("cpu", "cuda:0", 60 * 8 * 8), ("cpu", "cuda:0", 8 * 8),
                    ("cpu", "cuda:0", 60 * 8), ("cuda:0", "cpu", 60 * 8)]))
        totals = {(t["from"], t["to"]): (t["steps"], t["bytes"]) for t in plan["transfers"]}
        self.assertEqual(totals, {("cpu", "cuda:0"): (3, 480 * 8 + 64 + 480),
                                  ("cuda:0", "cpu"): (1, 480)})
        for step in carried:
            self.assertEqual([o["device"] for o in step["operands"]], [step["from"]])
            self.assertEqual([o["device"] for o in step["results"]], [step["device"]])
        out = self.explain("addmv.otm", *self.sizes, *gpu)
        self.assertRegex(out, r"\ntransfers: 3 from cpu to cuda:0, 4.28 KiB, estimate .*; "
                         r"1 from cuda:0 to cpu, 480 B, estimate ")
        self.assertNotIn("transfers:", self.explain("addmv.otm", *self.sizes))

    def test_what_a_view_belongs_to(self):
        self.assertIn(": f64[8, 60] (transposed, input A)", self.explain("gram.otm", *self.sizes))
        operands = [o for s in self.plan("gram.otm", *self.sizes)["segments"][0]["steps"]
                    for o in s["operands"]]
        self.assertEqual([o["view_of"] for o in operands if o["layout"] == "transposed"], ["A"])
        self.assertTrue(all("view_of" not in o for o in operands if o["name"] in ("A", "b")))

    def test_where_memory_peaks(self):
        for name in ("gram.otm", "long.otm"):
            segment = self.plan(name, *(self.sizes if name == "gram.otm" else ["--size", "n=8"])
                                )["segments"][0]
            memory, = segment["memory"]
            self.assertEqual(len(memory["live_bytes"]), len(segment["steps"]))
            self.assertEqual(memory["peak_bytes"], max(memory["live_bytes"]))
            self.assertEqual(memory["peak_bytes"], memory["live_bytes"][memory["peak_step"]])
            self.assertEqual(segment["reserved_bytes"],
                             memory["arena_bytes"] + memory["result_bytes"])
            # What is reserved is what lives, but for gaps of up to 64 bytes a buffer.
            gap = segment["reserved_bytes"] - memory["peak_bytes"]
            self.assertIn(gap, range(64 * (2 + len(segment["steps"]))))
        out = self.explain("gram.otm", *self.sizes)
        self.assertRegex(out, r"plan: .*, peak [^,]* in step 1\n")

    def test_each_device_has_its_own_peak(self):
        plan = self.plan("addmv.otm", *self.sizes, "--device", "cuda", "--device-model", "h200")
        segment, = plan["segments"]
        steps = segment["steps"]
        memory = {m["device"]: m for m in segment["memory"]}
        self.assertEqual(list(memory), ["cpu", "cuda:0"])
        # A, x and y come, z is made and goes: all four are there while it is made.
        product = [s["op"] for s in steps].index("addmv")
        self.assertEqual(memory["cuda:0"]["peak_step"], product)
        self.assertEqual(memory["cuda:0"]["peak_bytes"], (60 * 8 + 8 + 60 + 60) * 8)
        # The CPU has nothing but the result, from when it comes back.
        last = len(steps) - 1
        self.assertEqual(memory["cpu"]["live_bytes"], [0] * last + [60 * 8])
        self.assertEqual((memory["cpu"]["peak_step"], memory["cpu"]["arena_bytes"]), (last, 0))
        out = self.explain("addmv.otm", *self.sizes, "--device", "cuda", "--device-model", "h200")
        self.assertIn(f", peak 480 B on cpu in step {last}, 4.75 KiB on cuda:0 in step {product}\n",
                      out)

    def test_rates(self):
        plan = self.plan("gram.otm", *self.sizes, "--analyze")
        steps = plan["segments"][0]["steps"]
        for what, of in ([(s["measured"], s) for s in steps] + [(plan, plan)]):
            seconds = what["seconds"] if what is not plan else plan["measured_seconds"]
            self.assertAlmostEqual(what["flops_per_second"] * seconds, of["flops"])
            self.assertAlmostEqual(what["bytes_per_second"] * seconds, of["bytes"])
            self.assertAlmostEqual(what["roofline_share"] * seconds, of["roofline_seconds"])
            self.assertAlmostEqual(what["times_the_estimate"] * of["estimated_seconds"], seconds)
        self.assertAlmostEqual(
            plan["unattributed_seconds"],
            plan["measured_seconds"] - sum(s["measured"]["seconds"] for s in steps))
        self.assertGreater(plan["unattributed_seconds"], 0)
        out = self.explain("gram.otm", *self.sizes, "--analyze")
        self.assertRegex(out, r"\nmeasured: .*FLOP/s, .*B/s, .*% of the roofline, "
                         r".* times the estimate, .* between steps\n")
        self.assertNotIn("unattributed_seconds", self.plan("gram.otm", *self.sizes))

    def test_a_nearly_singular_matrix_is_a_warning(self):
        self.write("near.otm", "graph near(A: f64[b, n, n], B: f64[n, k]) -> (x, y) {\n"
                   "  x = solve(A, B)\n  y = inv(A)\n}\n")
        A = np.stack([np.eye(3), [[1, 2, 3], [4, 5, 6], [7, 8, 9 + 1e-15]], 2 * np.eye(3)])
        np.save(self.path("A.npy"), A)
        np.save(self.path("B.npy"), np.ones((3, 2)))
        for step in self.plan("near.otm", "A=A.npy", "B=B.npy", "--analyze")["segments"][0]["steps"]:
            measured = step["measured"]
            self.assertLess(measured["rcond"], 1e-15)
            self.assertRegex(measured["warning"], r"^batch element 1 of A is nearly singular, "
                             r"reciprocal condition \d(\.\d)?e-1[678]$")
        out = self.explain("near.otm", "A=A.npy", "B=B.npy", "--analyze")
        self.assertEqual(len(re.findall(
            r"warning +batch element 1 of A is nearly singular, reciprocal condition", out)), 2)
        # Nothing is said of what is well, nor without a run.
        np.save(self.path("A.npy"), A[::2])
        step = self.plan("near.otm", "A=A.npy", "B=B.npy", "--analyze")["segments"][0]["steps"][0]
        self.assertEqual(step["measured"]["rcond"], 1)
        self.assertNotIn("warning", step["measured"])
        self.assertNotIn("warning", self.explain("near.otm", "A=A.npy", "B=B.npy", "--analyze"))

    def test_reasons_and_counts(self):
        # One product has two uses and is refused.
        self.write("two.otm", "graph two(A: f64[n, n], x: f64[n], y: f64[n]) -> (z, u) {\n"
                   "  p = A @ x\n  z = p + y\n  u = p\n}\n")
        plan = self.plan("two.otm", "--size", "n=500")
        segment = plan["segments"][0]
        reasons = [r for s in segment["steps"] for r in s["reasons"]] + segment["reasons"]
        self.assertTrue(any(not r["fired"] for r in reasons), reasons)
        for reason in reasons:
            self.assertTrue(reason["text"].startswith(reason["rule"] + ": "), reason)
        self.assertIn("A @ B -> dot, mv, mm or bmm by their ranks",
                      [r["formula"] for r in reasons])
        # Placement has reasons of its own.
        for outcome in ("fired", "refused"):
            counted = sum(p[outcome] for p in segment["passes"])
            self.assertGreater(counted, 0)
            self.assertLessEqual(counted,
                                 sum(r["fired"] == (outcome == "fired") for r in reasons))
        self.assertRegex(self.explain("two.otm", "--size", "n=500"),
                         r"pass    \w+: (no change|\d+ nodes)(, \d+ fired)?, \d+ refused\n")

    def test_steps_of_calls_have_their_own_reasons(self):
        # Two blocks, each with one product, addition and relu; only the second is summed,
        # and the sum takes what the product would have had.
        self.write("calls.otm", """graph layer(x: f64[t, d], W: f64[d, d]) -> y {
  y = x + relu(x @ W)
}
graph both(x: f64[t, d], W: f64[d, d]) -> y {
  a = layer(x, W)
  y = sum(layer(a, W), dim=0)
}
""")
        segment, = self.plan("calls.otm")["segments"]
        first, product, rest = segment["steps"]
        self.assertEqual([s["region"] for s in (first, rest)], ["mm_relu_add", "relu_add_sum"])
        # Those of a step are of its call, in the order of the passes, and each once.
        self.assertEqual([(r["rule"], r["fired"]) for r in first["reasons"]],
                         [("matmul", True), ("region", True), ("epilogue", True)])
        self.assertEqual([(r["rule"], r["fired"]) for r in product["reasons"]],
                         [("matmul", True)])
        self.assertEqual([(r["rule"], r["fired"]) for r in rest["reasons"]],
                         [("region", True), ("epilogue", False)])
        self.assertEqual(segment["reasons"], [])
        # Their nodes are ops of the callee, not the call.
        for step in segment["steps"]:
            self.assertNotEqual(step["position"].split(":")[1], "5")
            for reason in step["reasons"]:
                self.assertNotIn("call ", reason["text"])

    def test_what_is_pinned_is_named_by_its_op(self):
        self.write("pin.otm", "graph pin(A: f64[n, n], x: f64[n], y: f64[n]) -> z {\n"
                   "  z = A @ x + y on cpu\n}\n")
        step, = self.plan("pin.otm")["segments"][0]["steps"]
        self.assertEqual([r["text"].split(" (")[0] for r in step["reasons"]],
                         ["matmul: matmul", "addmv: add z"])

    def test_sums_of_long_plans(self):
        sizes = ["--size", "n=8"]
        out = self.explain("long.otm", *sizes)
        self.assertRegex(out, r"\nestimate by op: \w+ [\d.]+% in \d+ steps?")
        self.assertRegex(out, r"\nlongest steps: \d+ \w+")
        self.assertRegex(self.explain("long.otm", *sizes, "--analyze"), r"\ntime by op: ")
        short = self.explain("addmv.otm", *self.sizes)
        for words in ("by op", "longest steps"):
            self.assertNotIn(words, short)
        plan = self.plan("long.otm", *sizes)
        steps = plan["segments"][0]["steps"]
        self.assertGreater(len(steps), 8)
        self.assertEqual(sum(o["steps"] for o in plan["by_op"]), len(steps))
        self.assertAlmostEqual(sum(o["share"] for o in plan["by_op"]), 1)
        seconds = [o["seconds"] for o in plan["by_op"]]
        self.assertEqual(seconds, sorted(seconds, reverse=True))
        self.assertAlmostEqual(sum(seconds), plan["estimated_seconds"])
        longest = max(range(len(steps)), key=lambda i: steps[i]["estimated_seconds"])
        self.assertRegex(out, rf"\nlongest steps: {longest} ")

    def test_regions_have_names(self):
        self.assertIn("0 fused addmm_softmax  ", self.explain("soft.otm"))
        self.assertEqual(self.plan("soft.otm")["segments"][0]["steps"][0]["region"],
                         "addmm_softmax")


class Options(Common):
    def test_profile_wants_a_run(self):
        for command in (["explain", "addmv.otm"], ["viz", "addmv.otm"]):
            result = self.otium(*command, *self.sizes, "--profile", "t.json", code=USAGE)
            self.assertIn("--profile says nothing without --analyze", result.err)
            self.otium(*command, *self.sizes, "--profile", "t.json", "--analyze")
            os.remove(self.path("t.json"))

    def test_viz_dumps_passes(self):
        self.otium("viz", "addmv.otm", *self.sizes, "--dump-passes", "a")
        self.otium("viz", "addmv.otm", *self.sizes, "--dump-passes", "b", "--analyze")
        self.explain("addmv.otm", *self.sizes, "--dump-passes", "c")
        names = sorted(os.listdir(self.path("a")))
        self.assertIn("00-source.otm", names)
        for folder in ("b", "c"):
            self.assertEqual(sorted(os.listdir(self.path(folder))), names)
            for name in names:
                self.assertEqual((self.folder / folder / name).read_text(),
                                 (self.folder / "a" / name).read_text())
        self.write("file", "")
        self.otium("viz", "addmv.otm", *self.sizes, "--dump-passes", "file/x", code=RUN_FAILED)


class Trace(Common):
    """--profile: the run that --analyze tells of, as Chrome and Perfetto read it."""

    def traced(self, *arguments):
        plan = self.plan(*arguments, "--analyze", "--profile", "trace.json")
        events = json.loads((self.folder / "trace.json").read_text())["traceEvents"]
        self.assertEqual({e["ph"] for e in events}, {"M", "X"})
        self.assertEqual({e["pid"] for e in events}, {1})
        rows = {e["tid"]: e["args"]["name"] for e in events if e["name"] == "thread_name"}
        by_kind = {kind: [e for e in events if e.get("cat") == kind]
                   for kind in ("pass", "segment", "step")}
        # Every event is of a kind, and in a row that has a name.
        self.assertEqual(sum(map(len, by_kind.values())), sum(e["ph"] == "X" for e in events))
        self.assertLessEqual({e["tid"] for e in events if e["ph"] == "X"}, set(rows))
        return plan, rows, by_kind

    def check(self, plan, rows, by_kind):
        steps = [(i, j, s) for i, segment in enumerate(plan["segments"])
                 for j, s in enumerate(segment["steps"])]
        events = by_kind["step"]
        self.assertEqual([(e["args"]["segment"], e["args"]["step"]) for e in events],
                         [(i, j) for i, j, _ in steps])
        for event, (_, _, step) in zip(events, steps):
            measured, args = step["measured"], event["args"]
            # The op, and the user's name for what it makes.
            self.assertIn(event["name"].split()[0], (step["op"], step["kind"]))
            # Microseconds with three digits behind the point.
            self.assertAlmostEqual(event["ts"], measured["start"] * 1e6, delta=0.001)
            self.assertAlmostEqual(event["dur"], measured["seconds"] * 1e6, delta=0.001)
            self.assertEqual(rows[event["tid"]], f"{step['device']}, thread {measured['thread']}")
            kernels = [step["kernel"], *step["alternatives"]]
            self.assertEqual(args["kernel"], kernels[measured["alternative"]])
            self.assertEqual(args["source"], step["position"])
            self.assertAlmostEqual(args["bytes"], step["bytes"], delta=1e-5 * step["bytes"])
            self.assertAlmostEqual(args["estimated_us"], step["estimated_seconds"] * 1e6, delta=0.001)
        # Steps of a thread follow each other, and with what is between them are the run.
        for row in {e["tid"] for e in events}:
            own = [e for e in events if e["tid"] == row]
            for one, after in zip(own, own[1:]):
                self.assertLessEqual(one["ts"] + one["dur"], after["ts"] + 0.002)
        whole = plan["measured_seconds"] * 1e6
        spent = sum(e["dur"] for e in events)
        self.assertAlmostEqual(spent + plan["unattributed_seconds"] * 1e6, whole,
                               delta=0.001 * (len(events) + 1))
        self.assertGreater(spent, 0)
        self.assertLessEqual(events[-1]["ts"] + events[-1]["dur"], whole + 0.002)
        # Segments reach from their first step to the end of their last.
        for i, segment in enumerate(by_kind["segment"]):
            own = [e for e in events if e["args"]["segment"] == i]
            self.assertEqual((segment["name"], rows[segment["tid"]]), (f"segment {i}", "segments"))
            self.assertAlmostEqual(segment["ts"], own[0]["ts"], delta=0.001)
            self.assertAlmostEqual(segment["ts"] + segment["dur"], own[-1]["ts"] + own[-1]["dur"],
                                   delta=0.003)
            self.assertEqual(segment["args"]["steps"], len(own))
        self.assertEqual(len(by_kind["segment"]), len(plan["segments"]))
        # Passes in their order, with the times that the plan says.
        passes = [p for segment in plan["segments"] for p in segment["passes"]]
        self.assertEqual([e["name"] for e in by_kind["pass"]], [p["name"] for p in passes])
        self.assertEqual({rows[e["tid"]] for e in by_kind["pass"]}, {"passes"})
        for event, record in zip(by_kind["pass"], passes):
            self.assertAlmostEqual(event["dur"], record["seconds"] * 1e6, delta=0.001)

    def test_rows(self):
        plan, rows, by_kind = self.traced("gram.otm", *self.sizes)
        self.assertEqual([e["name"] for e in by_kind["step"]][-1], "solve x")
        self.check(plan, rows, by_kind)

    def test_rows_of_segments(self):
        plan, rows, by_kind = self.traced("pick.otm", "x=[0, 5, 7]")
        self.assertEqual([e["name"] for e in by_kind["segment"]], ["segment 0", "segment 1"])
        self.check(plan, rows, by_kind)


class Terminals(Common):
    def on_terminal(self, columns, *arguments, env=None):
        """What a terminal of that width gets, line by line."""
        main, other = pty.openpty()
        if columns:
            fcntl.ioctl(other, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        environment = {**os.environ, "OTIUM_CACHE_DIR": self.path("cache"), "TERM": "xterm",
                       "NO_COLOR": "", **(env or {})}
        done = subprocess.Popen([otium.OTIUM, *arguments], cwd=self.folder, env=environment,
                                stdout=other, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
        os.close(other)
        chunks = []
        while True:
            try:
                chunk = os.read(main, 65536)
            except OSError:  # The other end is closed.
                break
            if not chunk:
                break
            chunks.append(chunk)
        os.close(main)
        _, err = done.communicate(timeout=120)
        self.assertEqual(done.returncode, 0, err)
        return b"".join(chunks).decode().replace("\r\n", "\n")

    @staticmethod
    def plain(text):
        return re.sub(r"\033\[[0-9;]*m", "", text)

    @staticmethod
    def words(text):
        """All characters but blanks and the lines of the tree."""
        return "".join(re.sub(r"^[|` ]*(- )?", "", line) for line in text.splitlines()
                       ).replace(" ", "")

    def test_nothing_is_lost(self):
        long_name = "a_name_that_is_longer_than_a_narrow_terminal_is_wide"
        self.write("wide.otm", f"graph wide({long_name}: f64[n, n], x: f64[n]) -> z {{\n"
                   f"  z = ({long_name} @ x + x) @ {long_name}\n}}\n")
        for arguments in (["wide.otm", "--size", "n=8"], ["gram.otm", *self.sizes],
                          ["pick.otm", "--size", "n=5"], ["long.otm", "--size", "n=8"],
                          ["addmv.otm", *self.sizes, "--device", "cuda", "--device-model",
                           "h200"]):
            whole = self.explain(*arguments)
            for columns in (40, 80, 200):
                shown = self.plain(self.on_terminal(columns, "explain", *arguments))
                self.assertEqual(self.words(shown), self.words(whole), (arguments, columns))
                for line in shown.splitlines():
                    self.assertLessEqual(len(line), columns, line)
            # A terminal that is wide enough gets what a pipe gets.
            widest = max(map(len, whole.splitlines()))
            self.assertGreater(widest, 40)
            self.assertEqual(self.plain(self.on_terminal(widest, "explain", *arguments)), whole)

    def test_diffs_too(self):
        arguments = ["net.otm", "--size", "t=64", "--size", "d=96", "--passes"]
        whole = self.explain(*arguments)
        shown = self.on_terminal(40, "explain", *arguments)
        self.assertEqual(self.words(self.plain(shown)), self.words(whole))
        self.assertLessEqual(max(map(len, self.plain(shown).splitlines())), 40)

    def test_lines_hang_under_the_tree(self):
        shown = self.plain(self.on_terminal(40, "explain", "addmv.otm", *self.sizes))
        self.assertIn("\n|    reads   y: f64[60] (input),\n"
                      "|            A: f64[60, 8] (input),\n"
                      "|            x: f64[8] (input)\n", shown)

    def test_positions_stay_whole(self):
        for name in ("gram.otm", "a_name_of_middling_len.otm", "a_name_as_long_as_possible_.otm"):
            self.write(name, GRAM)
            whole = self.explain(name, *self.sizes)
            positions = re.findall(rf"{name}:\d+:\d+", whole)
            self.assertGreater(len(positions), 2)
            shown = self.plain(self.on_terminal(40, "explain", name, *self.sizes))
            self.assertEqual(re.findall(rf"{name}:\d+:\d+", shown), positions)
            self.assertLessEqual(max(map(len, shown.splitlines())), 40)
        # One that is longer than a line is cut behind a slash or the like, not in its numbers.
        name = "one_that_is_longer/than_a_line_is_wide/for_it_has_folders.otm"
        (self.folder / name).parent.mkdir(parents=True)
        self.write(name, GRAM)
        shown = self.plain(self.on_terminal(40, "explain", name, *self.sizes))
        self.assertRegex(shown, r"(?m)than_a_$")
        self.assertEqual(re.findall(r"folders\.otm:\d+:\d+", shown),
                         re.findall(r"folders\.otm:\d+:\d+", self.explain(name, *self.sizes)))

    def test_width(self):
        whole = self.explain("gram.otm", *self.sizes)

        def widest(columns, env=None):
            return max(map(len, self.plain(self.on_terminal(
                columns, "explain", "gram.otm", *self.sizes, env=env)).splitlines()))
        # A terminal that does not know its width: COLUMNS, else 80.
        self.assertLessEqual(widest(0, {"COLUMNS": "50"}), 50)
        self.assertGreater(widest(0, {"COLUMNS": "70"}), 50)
        self.assertLessEqual(widest(0, {"COLUMNS": "none"}), 80)
        self.assertLessEqual(widest(60, {"COLUMNS": "200"}), 60)
        # A pipe is no terminal, whatever COLUMNS says.
        self.assertEqual(self.explain("gram.otm", *self.sizes, env={"COLUMNS": "40"}), whole)

    def test_colour(self):
        arguments = ["explain", "addmv.otm", *self.sizes, "--passes"]
        pipe = self.otium(*arguments).out
        self.assertNotIn("\033", pipe)
        shown = self.on_terminal(200, *arguments)
        self.assertIn("\033[32m+  v0: f64[60] = mv(A, x)\033[0m\n", shown)
        self.assertIn("\033[31m-  v0: f64[60] = matmul(A, x)\033[0m\n", shown)
        self.assertEqual(self.plain(shown), pipe)
        self.assertNotIn("\033", self.on_terminal(200, *arguments, env={"NO_COLOR": "1"}))
        self.assertNotIn("\033", self.on_terminal(200, *arguments, env={"TERM": "dumb"}))
        self.assertNotIn("\033", self.on_terminal(200, *arguments, "--color", "never"))
        always = self.otium(*arguments, "--color", "always", env={"NO_COLOR": "1"}).out
        self.assertIn("\033[32m+", always)
        self.assertEqual(self.plain(always), pipe)

    def test_control_characters_do_not_get_through(self):
        name = "evil\033]0;title\a\033[2J\r.otm"
        self.write(name, otium.ADDMV)
        arguments = ["explain", name, *self.sizes, "--passes", "--color", "never"]
        for text in (self.otium(*arguments).out, self.on_terminal(60, *arguments)):
            self.assertIn("evil\N{REPLACEMENT CHARACTER}", text)
            self.assertEqual(re.findall(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", text), [])

    def test_the_same_each_time(self):
        for arguments in (["net.otm", "--size", "t=64", "--size", "d=96", "--passes"],
                          ["long.otm", "--size", "n=8"]):
            self.assertEqual(self.explain(*arguments), self.explain(*arguments))


if __name__ == "__main__":
    otium.main()
