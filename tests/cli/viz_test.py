# SPDX-License-Identifier: Apache-2.0
"""otium viz: files by their extension, the same each time, whole or absent."""

import itertools
import os
import shutil
import subprocess
import unittest
import xml.etree.ElementTree as xml

import otium
import viz_document
from otium import BAD_GRAPH, BAD_INPUT, RUN_FAILED, USAGE

SVG = "{http://www.w3.org/2000/svg}"

LAYERS = """graph layer(x: f32[t, d], W: f32[d, d], b: f32[d]) -> y {
  y = x + relu(x @ W + b)
}
graph net(x: f32[t, d], W: f32[d, d], b: f32[d]) -> y {
  x1 = layer(x, W, b)
  x2 = layer(x1, W, b)
  y = layer(x2, W, b)
}
"""


class Viz(otium.CliTest):
    def setUp(self):
        super().setUp()
        self.write("addmv.otm", otium.ADDMV)
        self.write("layers.otm", LAYERS)
        self.sizes = ["--size", "m=60", "--size", "n=80"]

    def viz(self, extension, *arguments, file="addmv.otm", **options):
        self.otium("viz", file, "-o", f"out.{extension}", *arguments, **options)
        return (self.folder / f"out.{extension}").read_bytes()

    def test_listing_without_a_file(self):
        out = self.otium("viz", "addmv.otm", *self.sizes).out
        for words in ("addmv\n", "source", "fuse_products: 1 made, 2 removed", "fired   addmv",
                      "z: f64[60] = addmv(y, A, x)", "addmv.otm:2:7", "memory: peak"):
            self.assertIn(words, out)
        self.assertEqual(self.viz("txt", *self.sizes).decode(), out)

    def test_the_same_each_time(self):
        for extension in ("html", "svg", "dot", "json", "txt"):
            first = self.viz(extension, "--size", "t=8", "--size", "d=16", file="layers.otm")
            self.assertEqual(first, self.viz(extension, "--size", "t=8", "--size", "d=16",
                                             file="layers.otm"))
            self.assertTrue(first)

    def test_svg(self):
        root = xml.fromstring(self.viz("svg", *self.sizes))
        self.assertEqual(root.tag, SVG + "svg")
        words = "".join(root.itertext())
        for word in ("addmv", "f64[60, 80]", "prefers-color-scheme"):
            self.assertIn(word, words)
        titles = [t.text for t in root.iter(SVG + "title")]
        self.assertTrue(any(t.startswith("z: f64[60] = addmv(y, A, x)\nproduct, result z") for t in titles))
        self.assertFalse(list(root.iter(SVG + "script")))

    def test_html(self):
        page = self.viz("html", *self.sizes).decode()
        self.assertEqual(viz_document.in_page(page), self.viz("json", *self.sizes))
        self.assertIn(self.viz("svg", *self.sizes).decode(), page)
        # Nothing is loaded, and nothing was left to be filled in.
        self.assertNotRegex(page, r'(src|href)="(?!#)')
        self.assertNotRegex(page, r"\{\{\w+\}\}")

    def test_json(self):
        document = viz_document.read(self.viz("json", *self.sizes))
        self.assertEqual((document["format"], document["graph"]), (2, "addmv"))
        segment, = document["segments"]
        self.assertEqual([s["name"] for s in segment["stages"]],
                         ["source", "decompose", "fuse_products", "plan"])
        nodes, last = segment["nodes"], len(segment["stages"]) - 1
        self.assertEqual([n["op"] for n in nodes if n["last"] == last],
                         ["input", "input", "input", "addmv"])
        step, = segment["steps"]
        self.assertEqual(nodes[step["node"]]["op"], "addmv")
        self.assertNotIn("measured_seconds", step)
        self.assertEqual(step["critical"], 1)
        memory, = segment["memory"]
        self.assertEqual((memory["device"], memory["peak_step"]), ("cpu", 0))
        self.assertEqual((memory["live_bytes"], memory["peak_bytes"]), ([60 * 8], 60 * 8))
        # Every node and edge has a place, every route its ends.
        self.assertEqual([layout["stage"] for layout in segment["layouts"]], [-1, 0, last])
        for layout in segment["layouts"]:
            def is_in(thing):
                return layout["stage"] < 0 or thing["first"] <= layout["stage"] <= thing["last"]
            items, routes, insides = layout["items"], layout["routes"], layout["insides"]
            self.assertEqual(sorted(i["index"] for i in items if i["type"] == 0),
                             [i for i, n in enumerate(nodes) if is_in(n)])
            self.assertEqual({e for r in routes for e in r["edges"]},
                             {i for i, e in enumerate(segment["edges"]) if is_in(e)})
            self.assertEqual(len(insides), len(segment["groups"]))
            self.assertEqual(sum(inside["items"] for inside in insides), len(items))
            self.assertEqual(sum(inside["routes"] for inside in insides), len(routes))
            routes = iter(routes)
            for inside in insides:
                for route in itertools.islice(routes, inside["routes"]):
                    self.assertLess(max(route["from"], route["to"]), inside["items"])
                    self.assertEqual(len(route["x"]), len(route["y"]))
                    self.assertGreaterEqual(route["alike"] + len(route["x"]), 2)
                    # It begins like one before it from the same item.
                    if route["alike"]:
                        other = layout["routes"][route["like"]]
                        self.assertEqual(other["from"], route["from"])
                        self.assertLessEqual(route["alike"], other["alike"] + len(other["x"]))

    def test_analyze(self):
        document = viz_document.read(self.viz("json", "--analyze", *self.sizes))
        step, = document["segments"][0]["steps"]
        self.assertGreater(step["measured_seconds"], 0)
        self.assertGreaterEqual(step["start"], 0)
        self.assertGreaterEqual(step["thread"], 0)
        self.assertGreater(document["measured_seconds"], 0)
        self.assertGreaterEqual(document["unattributed_seconds"], 0)

    def test_the_critical_path_is_the_longest(self):
        self.write("diamond.otm", "graph d(A: f64[n, n], x: f64[n]) -> y {\n  B = A @ A\n  C = B @ A\n"
                   "  u = sin(A @ x)\n  y = C @ u\n}\n")
        for arguments in ([], ["--analyze"]):
            document = viz_document.read(self.viz("json", "--size", "n=60", *arguments, file="diamond.otm"))
            segment, = document["segments"]
            writer, ends, before = {}, [], []
            for i, step in enumerate(segment["steps"]):
                after = [writer[b] for b in step["reads"] if b in writer]
                last = max(after, key=lambda j: ends[j], default=None)
                before.append(last)
                ends.append((0 if last is None else ends[last]) + step.get("measured_seconds", step["estimated_seconds"]))
                writer.update(dict.fromkeys(step["writes"], i))
            path, at = [], max(range(len(ends)), key=lambda i: ends[i])
            while at is not None:
                path.insert(0, at)
                at = before[at]
            self.assertEqual([i for i, s in enumerate(segment["steps"]) if s["critical"]], path)
            self.assertLess(len(path), len(segment["steps"]))
            self.assertAlmostEqual(segment["critical_seconds"] / max(ends), 1, places=4)

    def test_a_size_that_is_data_is_seen_when_it_is_run(self):
        self.write("pick.otm", "graph pick(x: f64[n]) -> (i, y) {\n  i = nonzero(x)\n  y = i * 2\n}\n")
        planned = viz_document.read(self.viz("json", file="pick.otm"))
        self.assertEqual(["steps" in s for s in planned["segments"]], [True, False])
        run = viz_document.read(self.viz("json", "x=[0, 1, 2]", "--analyze", file="pick.otm"))
        self.assertEqual(["steps" in s for s in run["segments"]], [True, True])
        # The passes of both segments were watched.
        for segment in run["segments"]:
            self.assertNotIn("optimize", [s["name"] for s in segment["stages"]])

    def test_a_device_that_is_not_here(self):
        big = ["--size", "m=20000", "--size", "n=20000", "--device-model", "h200"]
        self.write("mm.otm", "graph mm3(A: f32[m, n], B: f32[n, n]) -> C {\n  C = A @ B @ B @ B @ B\n}\n")
        kinds = [n["kind"] for n in viz_document.read(self.viz("json", *big, file="mm.otm"))["segments"][0]["nodes"]]
        self.assertIn("transfer", kinds)
        self.viz("svg", *big, file="mm.otm")

    @unittest.skipIf(shutil.which("dot") is None, "there is no Graphviz")
    def test_graphviz_reads_dot(self):
        for file, sizes in (("addmv.otm", self.sizes), ("layers.otm", ["--size", "t=8"])):
            plain = subprocess.run(["dot", "-Tplain"], input=self.viz("dot", *sizes, file=file),
                                   capture_output=True, check=True)
            self.assertTrue(plain.stdout.startswith(b"graph "))

    def test_json_contract(self):
        document = self.otium("viz", "addmv.otm", "--json").json()
        self.assertEqual((document["command"], document["exit_code"]), ("viz", 0))
        self.assertIn("fired   addmv", document["text"])
        document = self.otium("viz", "addmv.otm", "-o", "z.svg", "--json").json()
        self.assertEqual(document["file"], "z.svg")
        self.assertNotIn("text", document)

    def test_errors(self):
        self.assertIn(".svg", self.otium("viz", "addmv.otm", "-o", "z.png", code=USAGE).err)
        self.assertFalse(os.path.exists(self.path("z.png")))
        self.otium("viz", "addmv.otm", "-o", "no/such/z.svg", code=RUN_FAILED)
        self.otium("viz", "missing.otm", "-o", "z.svg", code=BAD_INPUT)
        self.write("bad.otm", "graph bad(x: f64[n]) -> y {\n  y = nosuch(x)\n}\n")
        (self.folder / "kept.svg").write_text("as it was")
        self.otium("viz", "bad.otm", "-o", "kept.svg", code=BAD_GRAPH)
        self.assertEqual((self.folder / "kept.svg").read_text(), "as it was")

    def test_a_deep_graph(self):
        lines = "\n".join(f"  v{i} = sin(v{i - 1})" for i in range(1, 30000))
        self.write("deep.otm", f"graph deep(v0: f64[4]) -> y {{\n{lines}\n  y = exp(v29999)\n}}\n")
        for extension in ("svg", "json", "dot"):
            self.viz(extension, "--no-optimize", file="deep.otm")
        self.assertLess(os.path.getsize(self.path("out.svg")), 2_000_000)


if __name__ == "__main__":
    otium.main()
