# SPDX-License-Identifier: Apache-2.0
"""The page of `otium viz -o x.html` in a browser: headless Chromium by WebDriver.

The network is off, so whatever the page would load from anywhere is an error in the
browser's log; every test ends with a look at that log.
"""

import base64
import json
import os
import pathlib
import re
import tempfile
import time
import zlib

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

import otium

RIDGE = """graph ridge(A: f64[m, n], b: f64[m], lambda: f64[] positive = 0.1) -> (x, r) {
  G = A.T @ A + lambda * eye(n)
  x = solve(G, A.T @ b)
  r = sum((b - A @ x) * (b - A @ x))
}
"""


def stack(layers):
    """Layers that are alike, each a call."""
    parameters = ["x: f64[t, d]"] + [f"W{i}: f64[d, d]" for i in range(layers)]
    lines = ["graph layer(x: f64[t, d], W: f64[d, d]) -> y {", "  y = x + relu(x @ W) * 0.5", "}",
             f"graph stack({', '.join(parameters)}) -> z {{"]
    lines += [f"  x{i} = layer({f'x{i - 1}' if i else 'x'}, W{i})" for i in range(layers)]
    return "\n".join(lines + [f"  z = sum(x{layers - 1}, dim=0)", "}"]) + "\n"


def chain(nodes):
    """Nodes in no repeating order."""
    ops = ["sin(v{})", "relu(v{})", "cos(v{})", "v{} * v{}", "v{} + v{}", "exp(v{})"]
    lines, state = ["graph chain(x: f64[n]) -> z {", "  v0 = sin(x)"], 1
    for i in range(1, nodes):
        state = (state * 1103515245 + 12345) % 2**31
        op = ops[(state >> 16) % len(ops)]
        lines.append(f"  v{i} = " + op.format(i - 1, max(0, i - 1 - (state >> 8) % 9)))
    return "\n".join(lines + [f"  z = v{nodes - 1} + 1", "}"]) + "\n"


def contrast(one, other):
    def luminance(color):
        channels = [c / 255 for c in color]
        r, g, b = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return 0.2126 * r + 0.7152 * g + 0.0722 * b
    a, b = sorted((luminance(one), luminance(other)), reverse=True)
    return (a + 0.05) / (b + 0.05)


# Of every text on the screen: its colour and what is behind it.
TEXT_COLORS = """
const out = [];
const parse = (c) => { const v = c.match(/[\\d.]+/g).map(Number); return v.length > 3 ? v : [...v, 1]; };
const behind = (e) => {
  for (let at = e; at; at = at.parentElement) {
    const c = parse(getComputedStyle(at).backgroundColor);
    if (c[3] > 0.99) return c.slice(0, 3);
  }
  return [255, 255, 255];
};
for (const e of document.querySelectorAll('body *')) {
  const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
  if (!own || !e.getClientRects().length || e.closest('script,noscript,#status') || e.disabled) continue;
  const style = getComputedStyle(e);
  if (style.display === 'none') continue;
  if (e instanceof SVGElement) {
    const box = e.parentNode.querySelector(e.classList.contains('tag-text') ? '.tag' : 'rect.box, rect.closed');
    const fill = box ? getComputedStyle(box).fill : null;
    const back = fill && fill.startsWith('rgb') ? parse(fill).slice(0, 3) : behind(e.closest('svg').parentElement);
    out.push([e.textContent.slice(0, 40), parse(style.fill).slice(0, 3), back]);
  } else out.push([e.textContent.slice(0, 40), parse(style.color).slice(0, 3), behind(e)]);
}
return out;
"""

FOCUSABLE = """
return [...document.querySelectorAll('button,input,select,a[href],[tabindex="0"],[role=tab]')]
    .filter((e) => !e.closest('[hidden]') && (e.getClientRects().length || e.closest('dialog')))
    .map((e) => [e.tagName + '#' + e.id, e.getAttribute('aria-label') ||
        (e.getAttribute('aria-labelledby') ?? '').split(' ').map((id) => document.getElementById(id)?.textContent ?? '').join(' ').trim() ||
        (e.labels?.[0]?.textContent ?? '').trim() || (e.tagName === 'BUTTON' ? e.textContent.trim() : '')]);
"""


class PageTest(otium.CliTest):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="otium-page-")
        cls.addClassCleanup(folder.cleanup)
        cls.downloads = pathlib.Path(folder.name)
        options = webdriver.ChromeOptions()
        # --no-sandbox: tests run as root in containers, too.
        for argument in ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                         "--window-size=1440,900", "--host-resolver-rules=MAP * ~NOTFOUND"]:
            options.add_argument(argument)
        options.add_experimental_option("prefs", {"download.default_directory": folder.name})
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        service = webdriver.chrome.service.Service("/usr/bin/chromedriver")
        cls.browser = webdriver.Chrome(service=service, options=options)
        cls.addClassCleanup(cls.browser.quit)
        cls.browser.set_network_conditions(offline=True, latency=0, throughput=0)

    def tearDown(self):
        log = [entry["message"] for entry in self.browser.get_log("browser")]
        self.assertEqual(log, [])

    # ---- what tests are written with

    def page(self, text, *arguments):
        self.write("g.otm", text)
        self.otium("viz", "g.otm", *arguments, "-o", "g.html")
        return self.folder / "g.html"

    def open(self, path, fragment=""):
        self.browser.get("about:blank")
        self.browser.get(path.as_uri() + fragment)
        self.wait(lambda: self.js("return document.documentElement.dataset.ready"))

    def js(self, code, *arguments):
        return self.browser.execute_script(code, *arguments)

    def wait(self, condition, seconds=30):
        return WebDriverWait(self.browser, seconds, poll_frequency=0.02).until(lambda _: condition())

    def element(self, selector):
        return self.browser.find_element(By.CSS_SELECTOR, selector)

    def keys(self, *keys):
        webdriver.ActionChains(self.browser).send_keys(*keys).perform()

    def click(self, selector):
        self.element(selector).click()

    def text(self, selector):
        return self.js("return document.querySelector(arguments[0])?.textContent ?? ''", selector)

    def titles(self, pane="a"):
        return sorted(self.js("""
            return [...document.querySelectorAll(arguments[0])].map((e) => e.textContent.replace('★ ', ''))""",
            f"#scene-{pane} .node:not(.removed):not(.merged) .title"))

    def id_of(self, op):
        return self.js("return seg.nodes.findIndex((n) => n.op === arguments[0])", op)

    def downloaded(self, pattern):
        def complete():
            files = [f for f in self.downloads.glob(pattern) if f.stat().st_size > 0]
            return files[0] if files else None
        return self.wait(complete)

    # ---- tests

    def test_same_bytes_and_nothing_from_elsewhere(self):
        page = self.page(RIDGE, "--size", "m=40", "--size", "n=20").read_bytes()
        self.assertEqual(page, self.page(RIDGE, "--size", "m=40", "--size", "n=20").read_bytes())
        text = page.decode()
        self.assertNotRegex(text, r'(src|href)="(?!#)')
        self.assertNotIn("innerHTML", text)
        self.assertEqual(text.count("<script"), text.count("</script>"))
        # What is inside is what -o x.json says.
        data = re.search(r'id="data">([^<]*)<', text).group(1)
        self.otium("viz", "g.otm", "--size", "m=40", "--size", "n=20", "-o", "g.json")
        self.assertEqual(json.loads(zlib.decompress(base64.b64decode(data))),
                         json.loads((self.folder / "g.json").read_text()))

    def test_slider_shows_what_passes_did(self):
        self.open(self.page(otium.ADDMV))
        self.assertEqual(self.titles(), ["A", "addmv", "x", "y"])
        place = "return document.querySelector('#a-n0 rect').getAttribute('x')"
        before = self.js(place)
        self.keys("k")
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
        boxes = "return document.querySelectorAll('.node').length"
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

    def test_everything_by_keyboard(self):
        self.open(self.page(RIDGE, "--size", "m=40", "--size", "n=20"))
        self.keys("?")
        self.assertTrue(self.js("return document.getElementById('help-sheet').open"))
        self.assertIn("neighbourhood", self.text("#keys"))
        self.keys(Keys.ESCAPE)
        self.assertFalse(self.js("return document.getElementById('help-sheet').open"))
        self.keys(Keys.ARROW_DOWN)
        first = self.js("return state.node")
        self.keys(Keys.ARROW_DOWN)
        self.assertNotEqual(self.js("return state.node"), first)
        # What was walked along is an edge.
        self.assertIn(first, self.js("return operandsOf(state.node, state.stage)"))
        self.keys(Keys.ARROW_RIGHT, Keys.ARROW_UP)
        zoom = self.js("return state.view.k")
        self.keys("+")
        self.assertGreater(self.js("return state.view.k"), zoom)
        self.keys("f", "s", "c", "m")
        self.assertEqual(self.js("return [state.side, state.color, state.chart]"), [True, "device", "memory"])
        # Tab reaches all there is, and goes on.
        seen = []
        for _ in range(40):
            self.keys(Keys.TAB)
            seen.append(self.js("return document.activeElement.id || document.activeElement.tagName"))
        for wanted in ["search", "fit", "stage", "color", "scene-a", "tab-details", "tab-memory"]:
            self.assertIn(wanted, seen)

    def test_state_is_in_the_address(self):
        page = self.page(RIDGE, "--size", "m=40", "--size", "n=20")
        self.open(page)
        self.keys("k", "s", "c", Keys.ARROW_DOWN, "n", "m", "r", "d")
        wanted = self.js("return hashOf()")
        self.wait(lambda: self.js("return location.hash") == wanted)
        shown = self.js("return document.getElementById('panes').textContent")
        self.open(page, wanted)
        self.assertEqual(self.js("return hashOf()"), wanted)
        self.assertEqual(self.js("return document.getElementById('panes').textContent"), shown)
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
        self.open(page, "#segment=1")
        self.assertEqual(self.js("return document.getElementById('segment').value"), "1")

    def test_transfers_are_wider_with_their_bytes(self):
        self.open(self.page("graph g(A: f32[m, n], x: f32[n]) -> y {\n  y = A @ (A.T @ (A @ x))\n}\n",
                            "--size", "m=20000", "--size", "n=20000", "--device-model", "h200"))
        lines = self.js("""
            return [...document.querySelectorAll('#panes .line.transfer')].map((e) =>
                [Math.max(...e.edges.map((i) => seg.edges[i][6])), parseFloat(e.style.strokeWidth)]);""")
        self.assertGreater(len({b for b, _ in lines}), 1, lines)
        self.assertEqual([w for _, w in sorted(lines)], sorted(w for _, w in lines))
        self.assertIn("transfer: wider with its bytes", self.text("#legend"))

    def test_colours_have_words(self):
        self.open(self.page(RIDGE, "--analyze", "--size", "m=40", "--size", "n=20"))
        for mode, expected in [("kind", "solver"), ("device", "cpu"), ("kernel", "lapack.posv"), ("time", "s"),
                               ("bytes", "B"), ("roofline", "%"), ("error", "estimate")]:
            self.js("change({color: arguments[0]})", mode)
            self.assertIn(expected, self.text("#legend ul"), mode)
            if mode != "kind":
                self.assertIn(self.js("return colorMode().textOf(seg.nodes[arguments[0]])", self.id_of("solve")),
                              self.text(f"#a-n{self.id_of('solve')}"))

    def test_charts(self):
        self.open(self.page(RIDGE, "--analyze", "--size", "m=40", "--size", "n=20"))
        self.assertIn("unattributed", self.text("#chart-text"))
        self.assertIn("critical path", self.text("#chart-text"))
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
        self.keys("E")
        picture = self.downloaded("addmv-plan*.png").read_bytes()
        self.assertEqual(picture[:8], b"\x89PNG\r\n\x1a\n")
        width = int.from_bytes(picture[16:20], "big")
        self.assertEqual(width, round(2 * self.js("return camera.size().width")))

    def test_light_and_dark(self):
        page = self.page(otium.ADDMV)
        back = "return getComputedStyle(document.body).backgroundColor"
        self.open(page)
        for system, color in [("light", "rgb(255, 255, 255)"), ("dark", "rgb(20, 24, 29)")]:
            self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {
                "features": [{"name": "prefers-color-scheme", "value": system}]})
            self.assertEqual(self.js(back), color)
        self.keys("d")  # Light, whatever the system is.
        self.assertEqual(self.js(back), "rgb(255, 255, 255)")
        self.keys("d")
        self.assertEqual(self.js(back), "rgb(20, 24, 29)")
        self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})

    def test_accessible(self):
        self.open(self.page(RIDGE, "--analyze", "--size", "m=40", "--size", "n=20"))
        self.assertEqual([e for e in self.js(FOCUSABLE) if not e[1]], [])
        self.assertEqual(self.js("return [...document.querySelectorAll('.node, .group')].filter((e) => !e.getAttribute('aria-label')).length"), 0)
        self.keys(Keys.ARROW_DOWN)
        self.assertTrue(self.js("const id = document.querySelector('svg.scene').getAttribute('aria-activedescendant');"
                                "return document.getElementById(id).getAttribute('aria-label').length > 0"))
        for theme in ["light", "dark"]:
            for color in ["kind", "kernel", "time", "bytes", "roofline", "error"]:
                for stage in [2, 4]:
                    self.js("change({theme: arguments[0], color: arguments[1], stage: arguments[2], changes: true})",
                            theme, color, stage)
                    texts = self.js(TEXT_COLORS)
                    self.assertGreater(len(texts), 30)
                    poor = [(t, c, b, round(contrast(c, b), 2)) for t, c, b in texts if contrast(c, b) < 4.5]
                    self.assertEqual(poor, [], f"{theme}, {color}, stage {stage}")

    def test_hostile_names_stay_text(self):
        # As far as a graph file lets them through; then all of them, in the data itself.
        page = self.page(otium.ADDMV)
        names = ["</script><script>hacked = 1</script>", "<img src=x onerror='hacked = 1'>", "\"'`${hacked = 1}",
                 "\u202eevil\u202c\u200f", "x" * 10000, "\u0000\u0007\n", "{{data}}", "a&lt;b", "\U0001f600\ufe0f"]
        text = page.read_text()
        data = re.search(r'id="data">([^<]*)<', text).group(1)
        document = json.loads(zlib.decompress(base64.b64decode(data)))
        document["graph"] = names[0]
        segment = document["segments"][0]
        for i, node in enumerate(segment["nodes"]):
            node["name"] = node["op"] = names[i % len(names)]
            node["type"] = node["text"] = node["device"] = names[(i + 1) % len(names)]
        for things in (segment["stages"], segment["steps"], document["rules"]):
            for thing in things:
                for key in ("name", "kernel", "device", "formula"):
                    if key in thing:
                        thing[key] = names[0] + names[2]
        for reason in segment["reasons"]:
            reason["text"] = "".join(names)
        for source in segment["sources"]:
            source["file"] = names[1]
        evil = base64.b64encode(zlib.compress(json.dumps(document).encode())).decode()
        page.write_text(text.replace(data, evil))
        self.open(page)
        for node in range(len(segment["nodes"])):
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

    def test_sizes(self):
        """How long it takes; printed, for it depends on the machine."""
        for nodes, text in [(10, chain(8)), (1000, chain(1000)), (100000, chain(100000))]:
            self.write("large.otm", text)
            begin = time.monotonic()
            self.otium("viz", "large.otm", "--size", "n=8", "--no-optimize", "-o", "large.html", timeout=600)
            made = time.monotonic() - begin
            begin = time.monotonic()
            self.open(self.folder / "large.html")
            seen = time.monotonic() - begin
            drawn = self.js("return document.querySelectorAll('.node, .group').length")
            self.assertLessEqual(drawn, 3000)
            self.assertGreater(drawn, 0)
            count = self.js("return seg.nodes.length")
            print(f"{count} nodes: written in {made:.2f} s, {os.path.getsize(self.folder / 'large.html') >> 10} KiB; "
                  f"on the screen after {seen:.2f} s ({self.js('return document.documentElement.dataset.ready')} ms "
                  f"in the page), {drawn} things drawn")


if __name__ == "__main__":
    otium.main()
