# SPDX-License-Identifier: Apache-2.0
"""The Chrome trace of a run, held against the plan of the same run."""

import json

import otium
from explaining import ExplainTest


class Trace(ExplainTest):
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


if __name__ == "__main__":
    otium.main()
