# SPDX-License-Identifier: Apache-2.0
"""otium explain --passes and --dump-passes: what was rewritten, what was refused."""

import os
import re

import numpy as np

import otium
from explaining import ExplainTest


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


class Passes(ExplainTest):
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


if __name__ == "__main__":
    otium.main()
