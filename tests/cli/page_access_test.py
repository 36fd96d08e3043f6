# SPDX-License-Identifier: Apache-2.0
"""The page of `otium viz` for everyone: by keyboard, for screen readers, in light and dark."""

from selenium.webdriver.common.keys import Keys

import browser
import otium
from browser import RIDGE


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
    const share = parseFloat(style.opacity);
    const seen = parse(style.fill).slice(0, 3).map((c, i) => share * c + (1 - share) * back[i]);
    out.push([e.textContent.slice(0, 40), seen, back]);
  } else out.push([e.textContent.slice(0, 40), parse(style.color).slice(0, 3), behind(e)]);
}
return out;
"""

# Of everything drawn that says something: its colour and what it stands on.
GRAPHIC_COLORS = """
const parse = (c) => c.match(/[\\d.]+/g).slice(0, 3).map(Number);
const page = parse(getComputedStyle(document.getElementById('panes')).backgroundColor);
const out = [];
const add = (selector, property, on) => {
  for (const e of document.querySelectorAll(selector)) {
    const back = on === undefined ? page : parse(getComputedStyle(e.parentNode.querySelector(on)).fill);
    const style = getComputedStyle(e), share = parseFloat(style.opacity);
    const seen = parse(style[property]).map((c, i) => share * c + (1 - share) * back[i]);
    out.push([`${selector} ${property}`, seen, back]);
  }
};
for (const selector of ['.scene .box', '.closed', '.scene .frame', '.scene .line', '.tag', '.chart-bar:not(.thin) rect',
                        '.critical-strip', '.live', '.peak', '#legend .box', '#legend .line']) add(selector, 'stroke');
for (const selector of ['.arrow', '.hatch-line', '.chart-bar.thin rect']) add(selector, 'fill');
add('.bar', 'fill', 'rect.box');
for (const selector of ['button', 'select', 'input[type=search]']) {
  for (const e of document.querySelectorAll(selector)) {
    const style = getComputedStyle(e);
    if (e.disabled || style.borderTopStyle === 'none' || parseFloat(style.borderTopWidth) === 0 || e.role === 'tab') continue;
    out.push([selector + ' border', parse(style.borderTopColor), parse(getComputedStyle(e.closest('header, section, aside, dialog')).backgroundColor)]);
  }
}
return out;
"""


# What is operated, whether it has the focus or a part of it has.
OPERABLE = {"button", "link", "textbox", "searchbox", "combobox", "slider", "checkbox", "tab", "option",
            "listbox", "application", "menuitem", "image"}


class Access(browser.BrowserTest):
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

    def test_contrast(self):
        self.open(self.page(browser.stack(3), "--analyze", "--size", "t=40", "--size", "d=20"))
        self.js("camera.fit(places)")
        for theme in ["light", "dark"]:
            for color in ["kind", "kernel", "time", "bytes", "roofline", "error"]:
                for stage in [1, 2, 4]:
                    for chart in ["timeline", "memory"]:
                        self.js("change({theme: arguments[0], color: arguments[1], stage: arguments[2], changes: true, chart: arguments[3]})",
                                theme, color, stage, chart)
                        where = f"{theme}, {color}, stage {stage}, {chart}"
                        self.check_contrast(TEXT_COLORS, 4.5, where)
                        self.check_contrast(GRAPHIC_COLORS, 3, where)

    def check_contrast(self, colors, least, where):
        things = self.js(colors)
        self.assertGreater(len(things), 30)
        poor = {(t, round(contrast(c, b), 2)) for t, c, b in things if contrast(c, b) < least}
        self.assertEqual(poor, set(), where)

    def test_everything_has_a_name(self):
        """As screen readers are told: the accessibility tree of the browser."""
        self.open(self.page(browser.stack(3), "--analyze", "--size", "t=40", "--size", "d=20"))
        seen = set()
        for change in ["{chart: 'timeline'}", "{chart: 'memory', side: true}", "{tab: 'rules'}", "{stage: 2, changes: true, node: 3, tab: 'details'}"]:
            self.js(f"change({change})")
            seen |= self.check_names()
        self.keys("/", "relu")
        seen |= self.check_names()
        self.keys(Keys.ESCAPE, "?")
        seen |= self.check_names()
        for role in ["button", "slider", "combobox", "checkbox", "tab", "tabpanel", "option", "listbox", "application", "image", "dialog", "toolbar", "search"]:
            self.assertIn(role, seen)

    def check_names(self):
        nodes = self.browser.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
        seen, nameless = set(), []
        for node in nodes:
            if node["ignored"]:
                continue
            role = node["role"]["value"]
            seen.add(role)
            focusable = any(p["name"] == "focusable" and p["value"]["value"] for p in node.get("properties", []))
            if (focusable or role in OPERABLE) and not node["name"]["value"].strip():
                nameless.append(node)
        self.assertEqual(nameless, [])
        return seen

    def test_walking_names_where_it_is(self):
        self.open(self.page(RIDGE, "--size", "m=40", "--size", "n=20"))
        self.keys(Keys.ARROW_DOWN)
        self.assertTrue(self.js("const id = document.querySelector('svg.scene').getAttribute('aria-activedescendant');"
                                "return document.getElementById(id).getAttribute('aria-label').length > 0"))

    def test_bars_of_charts_by_keyboard(self):
        self.open(self.page(browser.stack(3), "--analyze", "--size", "t=40", "--size", "d=20"))
        label = "return document.activeElement.getAttribute('aria-label')"
        for chart in ["timeline", "memory"]:
            self.js("change({chart: arguments[0], node: -1}); document.getElementById(arguments[0]).focus()", chart)
            bars = self.js("return [...document.querySelectorAll('.chart-bar')].map((e) => e.getAttribute('aria-label'))")
            self.assertGreater(len(bars), 2)
            # One of them is in the order of Tab.
            self.keys(Keys.TAB)
            self.assertEqual(self.js(label), bars[0])
            self.assertNotEqual(self.js("return getComputedStyle(document.activeElement).outlineStyle"), "none")
            self.keys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
            self.assertEqual(self.js(label), bars[2])
            self.keys(Keys.END, Keys.ARROW_RIGHT)
            self.assertEqual(self.js(label), bars[-1])
            self.keys(Keys.ARROW_LEFT, Keys.ENTER)
            self.assertEqual(self.js(label), bars[-2])
            node = int(self.js("return document.activeElement.dataset.chartNode"))
            self.assertEqual((self.js("return state.node"), self.js("return document.activeElement.ariaSelected")), (node, "true"))
            # Another colour draws anew and keeps the place.
            self.keys("c")
            self.assertEqual(self.js(label), bars[-2])
            self.keys(Keys.TAB)
            self.assertNotIn(self.js(label), bars)

    def test_up_and_down_between_lanes(self):
        self.open(self.page(RIDGE, "--analyze", "--size", "m=40", "--size", "n=20"))
        # A second thread, which plans of today do not use.
        self.js("Object.defineProperty(seg.steps[1], 'thread', {value: 7}); drawCharts()")
        self.assertEqual(self.js("return [...document.querySelectorAll('#timeline .row-name')].map((e) => e.textContent)"),
                         ["cpu, thread 0", "cpu, thread 7"])
        self.js("document.querySelector('.chart-bar').focus()")
        self.keys(Keys.ARROW_DOWN)
        self.assertIn("step 1,", self.js("return document.activeElement.getAttribute('aria-label')"))
        self.keys(Keys.ARROW_UP)
        self.assertNotIn("step 1,", self.js("return document.activeElement.getAttribute('aria-label')"))


if __name__ == "__main__":
    otium.main()
