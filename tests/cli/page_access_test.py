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


if __name__ == "__main__":
    otium.main()
