# SPDX-License-Identifier: Apache-2.0
"""What the page of `otium viz` shows and does, in a browser."""

import json
import pathlib
import subprocess
import sys

from selenium import webdriver
from selenium.webdriver.common.keys import Keys

import browser
import otium
import viz_document
from browser import RIDGE, chain, stack

MODEL = """graph attention(x: f32[t, d], Q: f32[d, d], K: f32[d, d], V: f32[d, d]) -> y {
  y = softmax((x @ Q) @ (x @ K).T * 0.125, dim=1) @ (x @ V)
}
graph block(x: f32[t, d], Q: f32[d, d], K: f32[d, d], V: f32[d, d], W: f32[d, d]) -> y {
  a = x + attention(x, Q, K, V)
  y = a + relu(a @ W)
}
graph model(x: f32[t, d], Q: f32[d, d], K: f32[d, d], V: f32[d, d], W: f32[d, d]) -> y {
  h = block(x, Q, K, V, W)
  y = block(h, Q, K, V, W)
}
"""
MODEL_SIZES = ["--size", "t=256", "--size", "d=512"]


class Page(browser.BrowserTest):
    def test_same_bytes_and_nothing_from_elsewhere(self):
        page = self.page(RIDGE, "--size", "m=40", "--size", "n=20").read_bytes()
        self.assertEqual(page, self.page(RIDGE, "--size", "m=40", "--size", "n=20").read_bytes())
        text = page.decode()
        self.assertNotRegex(text, r'(src|href)="(?!#)')
        self.assertNotIn("innerHTML", text)
        self.assertEqual(text.count("<script"), text.count("</script>"))
        # What is inside is what -o x.json says.
        self.otium("viz", "g.otm", "--size", "m=40", "--size", "n=20", "-o", "g.json")
        self.assertEqual(viz_document.in_page(text), (self.folder / "g.json").read_bytes())

    def test_slider_shows_what_passes_did(self):
        self.open(self.page(otium.ADDMV))
        self.assertEqual(self.titles(), ["A", "addmv", "x", "y"])
        self.keys("k")
        place = "return document.querySelector('#a-n0 rect').getAttribute('x')"
        before = self.js(place)
        self.assertIn("fuse_products", self.text("#stage-name"))
        self.assertIn("addmv: beta*y + alpha*mv(A, x)", self.text("#stage-text"))
        self.assertIn("+ 1 made", self.text("#stage-text"))
        self.assertIn("2 merged", self.text("#stage-text"))
        self.assertEqual(self.text(".made .tag-text"), "+ made")
        self.assertEqual(self.text(".merged .tag-text"), "⋈ merged")
        self.keys("k", "k")
        self.assertEqual(self.titles(), ["A", "add", "matmul", "x", "y"])
        self.assertEqual(self.js(place), before)
        self.keys("j")
        self.assertIn("decompose", self.text("#stage-name"))
        self.js("document.getElementById('stage').value = 3;"
                "document.getElementById('stage').dispatchEvent(new Event('input'))")
        self.assertIn("plan", self.text("#stage-name"))
        self.assertEqual(self.js(place), before)

    def test_the_plan_alone_has_no_room_for_what_is_not_in_it(self):
        self.open(self.page(stack(6), "--size", "t=4", "--size", "d=4"))
        for stage in ["setStage(0); change({changes: false})", "setStage(seg.lastStage); change({changes: false})"]:
            self.js(stage)
            self.assertTrue(self.js("return [...places.nodeAt.keys()].every((id) => alive(seg.nodes[id], state.stage))"))
            self.assertEqual(self.js("return places.nodeAt.size"),
                             self.js("return seg.nodes.filter((n) => alive(n, state.stage)).length"))
            alone = self.js("return places.bounds.width * places.bounds.height")
            # What is in the middle of the window stays there in the other layout.
            self.js("camera.zoom(4); selectNode([...places.nodeAt.keys()][3]); revealSelection()")
            seen = "const box = document.querySelector('.selected > .box').getBoundingClientRect(); return [box.x, box.y]"
            before = self.js(seen)
            self.js("change({changes: true})")
            self.assertGreater(self.js("return places.bounds.width * places.bounds.height"), alone)
            for one, other in zip(before, self.js(seen)):
                self.assertAlmostEqual(one, other, delta=1)
        # Frames of groups fit what is in them, in a layout that has room for more, too.
        self.js("setStage(1)")
        self.assertEqual(self.js("""
            const {groups, nodeAt, groupAt} = places, loose = [];
            for (const {g} of groups) {
              const frame = scenes[0].frames.get(g.id);
              if (!g.id || !frame) continue;
              const inside = [...nodeAt].filter(([id]) => seg.groupOf[id] === g.id && scenes[0].markOf(seg.nodes[id]) !== null).map(([, at]) => at)
                  .concat([...scenes[0].frames].filter(([id]) => id && seg.groups[id].parent === g.id).map(([, at]) => at));
              const bottom = Math.max(...inside.map((at) => at.y + at.height)), top = Math.min(...inside.map((at) => at.y));
              if (frame.y + frame.height > bottom + 13 || frame.y < top - 27) loose.push(g.id);
            }
            return loose;"""), [])

    def test_side_by_side_selection_is_in_step(self):
        self.open(self.page(otium.ADDMV))
        self.click("#side")
        self.assertEqual(self.titles("a"), ["A", "add", "matmul", "x", "y"])
        self.assertEqual(self.titles("b"), ["A", "addmv", "x", "y"])
        self.click(f"#b-n{self.id_of('addmv')}")
        chosen = self.js("return [...document.querySelectorAll('#scene-a .selected .title')].map((e) => e.textContent).sort()")
        self.assertEqual(chosen, ["add", "matmul"])
        details = self.text("#details")
        for expected in ["z: f64[1000] = addmv(y, A, x)", "cpu.gemv", "FLOP", "estimate", "g.otm:2:",
                         "beta*y + alpha*mv(A, x)", "✓ fired", "share of the roofline"]:
            self.assertIn(expected, details)

    def test_side_by_side_moves_to_what_is_out_of_sight(self):
        self.open(self.page(stack(6), "--size", "t=4", "--size", "d=4"), "#side=1")
        self.js("selectNode(seg.nodes.find((n) => n.op === 'fused' && n.last === seg.lastStage).id);"
                "camera.zoom(6); revealSelection()")
        self.assertTrue(self.js("""
            const pane = document.getElementById('scene-a').getBoundingClientRect();
            return [...document.querySelectorAll('#scene-a .selected > .box')].some((e) => {
              const box = e.getBoundingClientRect();
              return box.right > pane.left && box.left < pane.right && box.bottom > pane.top && box.top < pane.bottom;
            });"""))

    def test_refusals_are_told(self):
        self.open(self.page("graph g(A: f64[m, n], x: f64[n], y: f64[m]) -> (z, p) {\n"
                            "  p = A @ x\n  z = y + p\n}\n"))
        self.keys("r")
        self.assertIn("✗ refused", self.text("#rules"))

    def test_search_neighbourhood_and_path(self):
        self.open(self.page(RIDGE))
        self.keys("/", "solve")
        self.assertIn("solve", self.text("#found"))
        self.keys(Keys.ENTER)
        self.assertEqual(self.text(".node.selected .title").replace("★ ", ""), "solve")
        self.keys("n")
        self.assertGreater(self.js("return document.querySelectorAll('.node.dim').length"), 0)
        self.keys(Keys.ESCAPE)
        self.assertEqual(self.js("return document.querySelectorAll('.node.dim').length"), 0)
        self.keys("p", "/", "addmm", Keys.ENTER, "p")
        lit = self.js("return [...document.querySelectorAll('.node:not(.dim) .title')].map((e) => e.textContent.replace('★ ', '')).sort()")
        self.assertEqual(lit, ["addmm", "solve"])
        # By shape, with and without the space; by device.
        for query in ["[1000,1000]", "[1000, 1000]", "cpu gemm", "input b"]:
            self.assertGreater(self.js("return findNodes(arguments[0]).here.length", query), 0, query)

    def test_groups_fold(self):
        self.open(self.page(stack(6), "--size", "t=4", "--size", "d=4"))
        boxes = "return [...scenes[0].things.keys()].filter((key) => key[0] === 'n').length"
        opened = self.js(boxes)
        self.click("#fold")
        self.assertLess(self.js(boxes), opened)
        closed = self.js("return seg.groups.find((g) => g.times).id")
        self.assertRegex(self.text(f"#a-g{closed} .title"), "▸ ×[1-9] layer")
        self.click("#fit")
        self.click(f"#a-g{closed}")
        self.keys(Keys.ENTER)
        self.assertTrue(self.js("return isOpen(Number(arguments[0]))", closed))
        self.click("#unfold")
        self.assertEqual(self.js(boxes), opened)
        self.no_overlaps()
        self.keys("C")
        self.no_overlaps()
        # What is left is seen whole, wherever one was before.
        self.assertEqual(self.js("return state.view"), self.js("return camera.fitted(places)"))

    def test_closed_groups_have_one_line_each(self):
        # What goes to several places in an open group goes to one box when it is closed.
        self.open(self.page("graph two(x: f64[n], A: f64[n, n], B: f64[n, n]) -> (u, v) {\n"
                            "  u = A @ x\n  v = B @ x\n}\n"
                            "graph join(u: f64[n], v: f64[n], A: f64[n, n]) -> y {\n"
                            "  y = A @ u + A.T @ v\n}\n"
                            "graph g(x: f64[n], A: f64[n, n], B: f64[n, n]) -> y {\n"
                            "  u, v = two(x, A, B)\n  y = join(u, v, A)\n}\n"))
        ends = """
            const outermost = (id) => {
              for (let g = seg.groupOf[id]; ; g = seg.groups[g].parent) {
                if (g <= 0) return `n${id}`;
                if (!isOpen(g) && isShown(g)) return `g${g}`;
              }
            };
            return [...scenes[0].things.values()].filter((t) => t.edges)
                .map((t) => `${outermost(t.edges[0].from)} ${outermost(t.edges[0].to)}`);"""
        opened = self.js(ends)
        self.click("#fold")
        closed = self.js(ends)
        self.assertLess(len(closed), len(opened))
        self.assertEqual(len(closed), len(set(closed)), closed)

    def test_titles_fit_their_boxes(self):
        self.open(self.page(MODEL, *MODEL_SIZES))
        titles = self.js("""
            return [...document.querySelectorAll('#scene-a .node')].map((e) => [
                e.querySelector('.title').textContent, e.querySelector('.title').getComputedTextLength(),
                Number(e.querySelector('.box').getAttribute('width'))]);""")
        self.assertTrue(any(title.startswith("★ fused ") for title, _, _ in titles), titles)
        for title, text, box in titles:
            self.assertLess(text, box, title)

    def test_no_empty_room_from_stage_to_stage(self):
        """A long chain becomes one node; the layout of all stages has room for both."""
        chain = "x"
        for op in ("sin cos tanh exp sqrt abs sigmoid log floor ceil tanh round erf expm1 log1p relu").split():
            chain = f"{op}({chain})"
        self.open(self.page(f"graph g(A: f64[n, n], x: f64[n]) -> z {{\n  z = solve(A, {chain})\n}}\n"))
        self.js("change({changes: true})")
        heights = []
        for stage in range(1, self.js("return seg.stages.length")):
            self.js("setStage(arguments[0])", stage)
            spans = sorted(self.js("""
                return [...places.nodeAt].filter(([id]) => scenes[0].markOf(seg.nodes[id]) !== null)
                    .map(([, at]) => [at.y, at.y + at.height])"""))
            bottom = spans[0][0]
            for top, end in spans:
                self.assertLess(top - bottom, 130, self.text("#stage-name"))
                bottom = max(bottom, end)
            heights.append(bottom)
        # Room for the chain where it is.
        self.assertGreater(max(heights), 16 * 50)
        self.assertLess(min(heights), 4 * 100)

    def test_what_is_out_of_the_window_is_not_in_the_page(self):
        self.open(self.page(chain(400), "--size", "n=8", "--no-optimize"))
        drawn = "return document.querySelectorAll('#panes .node').length"
        self.click("#fit")
        self.assertEqual(self.js(drawn), self.js("return seg.nodes.length"))
        self.js("camera.zoom(6)")
        few = self.js(drawn)
        self.assertLess(few, 100)
        # It comes when it is looked for, with the marks that it has by now.
        last = self.js("return seg.nodes.length - 1")
        self.js("selectNode(0); showNear(0)")
        self.js("camera.reveal(places.nodeAt.get(arguments[0]))", last)
        self.assertIn("dim", self.js("return document.getElementById(`a-n${arguments[0]}`).classList.value", last))
        self.assertLess(self.js(drawn), 100)

    def no_overlaps(self):
        """Boxes that stand on each other, in the layout as it is open now."""
        self.assertEqual(self.js("""
            const bad = [];
            for (const {g, inside} of places.groups) {
              const items = inside.items.filter((i) => i.type <= 1);
              items.forEach((a, i) => items.slice(i + 1).forEach((b) => {
                if (a.x + a.width > b.x + 0.5 && b.x + b.width > a.x + 0.5 &&
                    a.y + a.height > b.y + 0.5 && b.y + b.height > a.y + 0.5) bad.push([g.id, a.index, b.index]);
              }));
            }
            return bad;"""), [])

    def test_an_address_shows_the_whole_with_the_selection(self):
        page = self.page(RIDGE)
        self.open(page)
        whole = self.js("return state.view")
        for node in range(self.js("return seg.nodes.length")):
            if self.js("return alive(seg.nodes[arguments[0]], state.stage)", node):
                self.open(page, f"#node={node}&chart=none")
                self.assertEqual(self.js("return [state.view, state.node]"), [whole, node])

    def test_narrow_windows_have_details_below(self):
        self.open(self.page(otium.ADDMV))
        self.browser.set_window_size(500, 900)
        try:
            panes, panel = (self.js("return document.getElementById(arguments[0]).getBoundingClientRect().toJSON()", id)
                            for id in ("panes", "panel"))
            self.assertEqual(panes["width"], panel["width"])
            self.assertLessEqual(panes["bottom"], panel["top"])
            self.assertGreater(min(panes["height"], panel["height"]), 150)
        finally:
            self.browser.set_window_size(1440, 900)

    def test_state_is_in_the_address(self):
        page = self.page(RIDGE, "--size", "m=40", "--size", "n=20")
        self.open(page)
        self.keys("k", "s", "c", Keys.ARROW_DOWN, "n", "m", "r", "d")
        wanted = self.js("return hashOf()")
        self.wait(lambda: self.js("return location.hash") == wanted)
        texts = "return [...document.querySelectorAll('#panes text, .caption')].map((e) => e.textContent).sort()"
        shown = self.js(texts)
        self.open(page, wanted)
        self.assertEqual(self.js("return hashOf()"), wanted)
        self.assertEqual(self.js(texts), shown)
        # Nonsense is left out.
        self.open(page, "#stage=99&node=-4&color=%3Cb%3E&view=1,2&open=x.7777&segment=1e9&near=1")
        self.assertIn("plan", self.text("#stage-name"))

    def test_segments(self):
        """Sizes that are data: a segment for what comes before they are known, and after."""
        page = self.page("graph g(x: f64[n]) -> y {\n  i = nonzero(x > 0.5)\n  y = i * 2 + 1\n}\n",
                         "--size", "n=8", "--analyze")
        self.open(page)
        self.assertIn("nonzero", self.titles())
        self.js("const s = document.getElementById('segment'); s.value = 1; s.dispatchEvent(new Event('change'))")
        self.assertNotIn("nonzero", self.titles())
        self.assertIn("y", self.text("#details"))
        # Of the whole run, this one took a part.
        self.assertRegex(self.text("#summary"), r"measured [\d.]+ .s of [\d.]+ .s$")
        seconds = self.js("return doc.segments.map((s) => s.seconds)")
        self.assertEqual(self.js("return secondsText(doc.measured_seconds - doc.unattributed_seconds)"),
                         self.js("return secondsText(arguments[0])", sum(seconds)))
        self.open(page, "#segment=1")
        self.assertEqual(self.js("return document.getElementById('segment').value"), "1")

    def test_transfers_are_wider_with_their_bytes(self):
        self.open(self.page("graph g(A: f32[m, n], x: f32[n]) -> y {\n  y = A @ (A.T @ (A @ x))\n}\n",
                            "--size", "m=20000", "--size", "n=20000", "--device-model", "h200"))
        lines = self.js("""
            return [...scenes[0].things.values()].filter((t) => t.element?.classList.contains("transfer"))
                .map((t) => [Math.max(...t.edges.map((e) => e.bytes)), parseFloat(t.element.style.strokeWidth)]);""")
        self.assertGreater(len({b for b, _ in lines}), 1, lines)
        self.assertEqual([w for _, w in sorted(lines)], sorted(w for _, w in lines))
        self.assertIn("transfer: wider with its bytes", self.text("#legend"))

    def test_lines_of_the_node_under_the_pointer_stand_out(self):
        self.open(self.page(otium.ADDMV))
        near = "return document.querySelectorAll('.line.near').length"
        self.assertEqual(self.js(near), 0)
        pointer = webdriver.ActionChains(self.browser)
        pointer.move_to_element(self.element(f"#a-n{self.id_of('addmv')} .title")).perform()
        self.assertEqual(self.js(near), 3)
        pointer.move_to_element(self.element("#graph-name")).perform()
        self.assertEqual(self.js(near), 0)

    def test_colours_have_words(self):
        self.open(self.page(RIDGE, "--analyze", "--size", "m=40", "--size", "n=20"))
        for mode, expected in [("kind", "solver"), ("device", "cpu"), ("kernel", "cpu.posv"), ("time", "s"),
                               ("bytes", "B"), ("roofline", "%"), ("error", "estimate")]:
            self.js("change({color: arguments[0]})", mode)
            self.assertIn(expected, self.text("#legend ul"), mode)
            if mode != "kind":
                self.assertIn(self.js("return colorMode().textOf(seg.nodes[arguments[0]])", self.id_of("solve")),
                              self.text(f"#a-n{self.id_of('solve')}"))

    def test_the_legend_tells_what_borders_and_bars_are(self):
        self.open(self.page(RIDGE, "--size", "m=40", "--size", "n=20"))
        self.assertIn("result: thick border", self.text("#legend ul"))
        self.assertIn("share of the time", self.text("#legend ul"))
        # Results are told from others on the critical path, too.
        width = "return parseFloat(getComputedStyle(document.querySelector(arguments[0])).strokeWidth)"
        self.assertGreater(self.js(width, ".out.critical > .box"), self.js(width, ".critical:not(.out) > .box") + 1)
        self.keys("k")
        self.assertNotIn("share of the time", self.text("#legend ul"))

    def test_charts(self):
        self.open(self.page(RIDGE, "--analyze", "--size", "m=40", "--size", "n=20"))
        self.assertIn("unattributed", self.text("#chart-text"))
        self.assertIn("critical path", self.text("#chart-text"))
        # What is hatched is what no step has of the whole run.
        hatched = self.js("return idleTimes(stepTimes(), 0, doc.measured_seconds).reduce((sum, [a, b]) => sum + b - a, 0)")
        self.assertAlmostEqual(hatched, self.js("return doc.unattributed_seconds"), delta=1e-8)
        self.assertEqual(self.js("return document.querySelectorAll('.critical-strip').length"),
                         self.js("return seg.critical_path.length"))
        self.assertEqual(self.js("return document.querySelectorAll('#timeline .chart-bar').length"),
                         self.js("return seg.steps.length"))
        self.js("document.querySelector('#timeline .chart-bar')"
                ".dispatchEvent(new MouseEvent('click', {bubbles: true}))")
        self.assertGreaterEqual(self.js("return state.node"), 0)
        self.keys("m")
        self.assertIn("peak", self.text("#memory .peak-text"))
        self.assertGreater(self.js("return document.querySelectorAll('#memory .chart-bar').length"), 2)

    def test_exports(self):
        self.open(self.page(otium.ADDMV))
        self.keys("e")
        drawn = self.downloaded("addmv-plan*.svg").read_text()
        self.assertIn("addmv", drawn)
        self.assertNotIn("var(", drawn)
        # Titles of groups have the ground around them, below the letters.
        self.open(self.page(stack(6), "--size", "t=4", "--size", "d=4"))
        self.assertRegex(self.js("return exportedSvg()"), "<text[^>]*paint-order:\\s*stroke[^>]*>▾ layer")
        self.open(self.page(otium.ADDMV))
        self.keys("E")
        picture = self.downloaded("addmv-plan*.png").read_bytes()
        self.assertEqual(picture[:8], b"\x89PNG\r\n\x1a\n")
        width = int.from_bytes(picture[16:20], "big")
        self.assertEqual(width, round(2 * self.js("return camera.size().width")))

    def test_screenshots_are_taken_by_a_command(self):
        script = pathlib.Path(__file__).parents[2] / "tools/screenshots"
        taken = []
        for folder in ("one", "other"):
            subprocess.run([sys.executable, script, otium.OTIUM, self.path(folder)], check=True, capture_output=True)
            taken.append({p.name: p.read_bytes() for p in (self.folder / folder).iterdir()})
        self.assertEqual(taken[0], taken[1])
        shown = {p.name for p in (script.parent / "viz/pictures").iterdir()}
        self.assertEqual(set(taken[0]), shown)
        for picture in taken[0].values():
            self.assertEqual(picture[:8], b"\x89PNG\r\n\x1a\n")
            self.assertLess(len(picture), 150_000)

    def test_hostile_names_stay_text(self):
        # As far as a graph file lets them through; then all of them, in the data itself.
        page = self.page(otium.ADDMV)
        names = ["</script><script>hacked = 1</script>", "<img src=x onerror='hacked = 1'>", "\"'`${hacked = 1}",
                 "\u202eevil\u202c\u200f", "x" * 10000, "\u0000\u0007\n", "{{data}}", "a&lt;b", "\U0001f600\ufe0f"]
        text = page.read_text()
        document = json.loads(viz_document.in_page(text))
        document["graph"] = names[0]
        segment = document["segments"][0]
        document["texts"] = names + ["".join(names)]
        for table in [t for t in segment.values() if isinstance(t, dict)]:
            for key, of in table.items():
                if isinstance(of, dict) and "text" in of:
                    of["text"] = len(key) % len(names) if "count" in of else [
                        (row + len(key)) % len(document["texts"]) for row in range(table["rows"])]
        for things in (segment["stages"], document["rules"]):
            for thing in things:
                for key in ("name", "formula", "condition"):
                    if key in thing:
                        thing[key] = names[0] + names[2]
        page.write_text(viz_document.with_document(text, json.dumps(document)))
        self.open(page)
        for node in range(segment["nodes"]["rows"]):
            self.js("change({stage: seg.nodes[arguments[0]].first}); selectNode(arguments[0])", node)
        for change in ["{side: true}", "{tab: 'rules'}", "{color: 'device'}", "{color: 'kernel'}",
                       "{chart: 'memory'}", "{chart: 'timeline'}", "{stage: 2, changes: true}"]:
            self.js(f"change({change})")
        for query in ["hacked", "evil", "xxx"]:
            self.js("search.close(); document.getElementById('search').value = arguments[0]; search.show()", query)
        self.assertIsNone(self.js("return window.hacked ?? null"))
        self.assertEqual(self.js("return document.querySelectorAll('img, script[src]').length"), 0)
        self.assertEqual(self.js("return document.body.textContent.match(/[\\u202a-\\u202e\\u2066-\\u2069]/)"), None)
        # The longest does not stretch the page.
        self.assertLessEqual(self.js("return document.documentElement.scrollWidth"), 1440)


if __name__ == "__main__":
    otium.main()
