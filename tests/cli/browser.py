# SPDX-License-Identifier: Apache-2.0
"""What the tests of the page of `otium viz -o x.html` share: headless Chromium by
WebDriver, and graphs to show in it.

The network is off, so whatever the page would load from anywhere is an error in the
browser's log; every test ends with a look at that log.
"""

import pathlib
import tempfile

from selenium import webdriver
from selenium.webdriver.common.by import By
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


def branches(nodes, wide):
    """Layers that are so wide and differ: each value reads two of the layer before."""
    lines, before, state = ["graph branches(x: f64[n]) -> z {"], ["x"] * wide, 1
    for layer in range(nodes // wide):
        here = [f"v{layer}_{i}" for i in range(wide)]
        for i in range(wide):
            state = (state * 1103515245 + 12345) % 2**31
            op = ["{} * {}", "{} + {}", "{} - {}", "maximum({}, {})"][(state >> 24) % 4]
            lines.append(f"  {here[i]} = " + op.format(before[i], before[(i + (state >> 16) % 5) % wide]))
        before = here
    return "\n".join(lines + [f"  z = {' + '.join(before)}", "}"]) + "\n"


def model(nodes):
    """Layers for the planner, eight nodes each, with two branches, products that take up
    what is added, and regions; which op stands where differs."""
    lines, state = ["graph model(x0: f64[n], A: f64[n, n], B: f64[n, n]) -> z {"], 1
    layers = max(1, nodes // 8)
    for i in range(layers):
        state = (state * 1103515245 + 12345) % 2**31
        f, g = (["sin", "relu", "exp", "tanh"][(state >> shift) % 4] for shift in (8, 16))
        lines += [f"  a{i} = {f}({'AB'[state >> 24 & 1]} @ x{i} + x{i})", f"  b{i} = {g}(x{i} * x{max(0, i - 3)})",
                  f"  x{i + 1} = {'BA'[state >> 25 & 1]} @ a{i} - b{i}"]
    return "\n".join(lines + [f"  z = x{layers} + 1", "}"]) + "\n"


def start(downloads, size="1440,900"):
    options = webdriver.ChromeOptions()
    # --no-sandbox: tests run as root in containers, too.
    for argument in ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                     f"--window-size={size}", "--host-resolver-rules=MAP * ~NOTFOUND"]:
        options.add_argument(argument)
    options.add_experimental_option("prefs", {"download.default_directory": str(downloads)})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    service = webdriver.chrome.service.Service("/usr/bin/chromedriver")
    browser = webdriver.Chrome(service=service, options=options)
    browser.set_network_conditions(offline=True, latency=0, throughput=0)
    return browser


def open_page(browser, path, fragment=""):
    browser.get("about:blank")
    browser.get(path.as_uri() + fragment)
    WebDriverWait(browser, 30, poll_frequency=0.02).until(
        lambda _: browser.execute_script("return document.documentElement.dataset.ready"))


class BrowserTest(otium.CliTest):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="otium-page-")
        cls.addClassCleanup(folder.cleanup)
        cls.downloads = pathlib.Path(folder.name)
        cls.browser = start(cls.downloads)
        cls.addClassCleanup(cls.browser.quit)

    def tearDown(self):
        log = [entry["message"] for entry in self.browser.get_log("browser")]
        self.assertEqual(log, [])

    def page(self, text, *arguments):
        self.write("g.otm", text)
        self.otium("viz", "g.otm", *arguments, "-o", "g.html")
        return self.folder / "g.html"

    def open(self, path, fragment=""):
        open_page(self.browser, path, fragment)

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
