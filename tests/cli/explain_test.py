# SPDX-License-Identifier: Apache-2.0
"""otium explain: what it says of a plan."""

import os
import re

import numpy as np

import otium
from explaining import ExplainTest
from otium import RUN_FAILED, USAGE


class Facts(ExplainTest):
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

    def test_a_tall_system_is_copied_once(self):
        self.write("tall.otm", "graph tall(A: f64[20000, 500], b: f64[20000]) -> x {\n"
                   "  x, _, _, _ = lstsq(A, b)\n}\n")
        step, = self.plan("tall.otm")["segments"][0]["steps"]
        # To factor it; what is left has 500 rows.
        self.assertLess(step["workspace_bytes"], 2 * 20000 * 500 * 8)

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


class Options(ExplainTest):
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


if __name__ == "__main__":
    otium.main()
