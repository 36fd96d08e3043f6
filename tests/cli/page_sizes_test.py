# SPDX-License-Identifier: Apache-2.0
"""Large graphs in the page of `otium viz`: never more is drawn than can be looked at.

The times are printed, not judged: machines differ. A thousand nodes are meant to be on the
screen at once, a hundred thousand in less than two seconds.
"""

import os
import time

import browser
import otium
from browser import branches, chain, model

NODES = [10, 1000, 100000]

# Boxes and lines that are there in some view, whether in the window or not.
DRAWN = """
const count = () => {
  const things = [...scenes[scenes.length > 1 && state.side ? 1 : 0].things.values()];
  const lines = things.filter((t) => t.edges).length;
  return [things.filter((t) => !t.edges && t.key[0] !== 't').length, lines];
};
"""


class Sizes(browser.BrowserTest):
    def check(self, name, text_of, *options):
        for nodes in NODES:
            self.write("large.otm", text_of(nodes))
            begin = time.monotonic()
            self.otium("viz", "large.otm", "--size", "n=8", *options, "-o", "large.html", timeout=600)
            made = time.monotonic() - begin
            begin = time.monotonic()
            self.open(self.folder / "large.html")
            seen = time.monotonic() - begin
            boxes, lines = self.js(DRAWN + "return count()")
            in_all = self.js("return seg.nodes.filter((n) => alive(n, state.stage)).length")
            print(f"{name}, {nodes} nodes ({in_all} in the plan): written in {made:.2f} s, "
                  f"{os.path.getsize(self.folder / 'large.html') >> 10} KiB; on the screen after {seen:.2f} s "
                  f"({self.js('return document.documentElement.dataset.ready')} ms in the page), "
                  f"{boxes} boxes and {lines} lines drawn", flush=True)
            self.assertGreater(boxes, 0)
            self.assertLessEqual(boxes + lines, 3000, (name, nodes))
            # However it is looked at: in each stage, with its changes, and with all open that may be.
            for view in ["openAll()", *(f"change({{stage: {stage}, changes: true}})"
                                        for stage in range(self.js("return seg.stages.length")))]:
                boxes, lines = self.js(DRAWN + view + "; return count()")
                self.assertLessEqual(boxes + lines, 3000, (name, nodes, view))

    def test_a_chain(self):
        self.check("a chain", chain, "--no-optimize")

    def test_a_wide_graph(self):
        self.check("branches", lambda nodes: branches(nodes, wide=min(nodes // 2, 40)), "--no-optimize")

    def test_what_the_planner_made(self):
        self.check("a model", model)


if __name__ == "__main__":
    otium.main()
