# SPDX-License-Identifier: Apache-2.0
"""Graphs whose plans the tests of otium explain look at."""

import otium


SOFTMAX = """graph soft(x: f32[t, d], W: f32[d, e], b: f32[e]) -> y {
  y = softmax(x @ W + b, dim=1)
}
"""
SCOPES = """graph scale(x: f32[t, d], g: f32[d]) -> y {
  y = x / sqrt(mean(x * x, dim=1, keepdim=true) + 1e-5) * g
}
graph block(x: f32[t, d], g: f32[d], W: f32[d, d], b: f32[d]) -> y {
  n = scale(x, g)
  y = x + relu(n @ W + b)
}
graph net(x: f32[t, d], g: f32[d], W: f32[d, d], b: f32[d]) -> (y, h) {
  h = block(x, g, W, b)
  y = block(h, g, W, b)
}
"""
PICK = "graph pick(x: f64[n]) -> y {\n  k = nonzero(x + x)\n  y = 2 * k\n}\n"
GRAM = "graph gram(A: f64[m, n], b: f64[n]) -> x {\n  x = solve(A.T @ A, b)\n}\n"


class ExplainTest(otium.CliTest):
    def setUp(self):
        super().setUp()
        self.write("addmv.otm", otium.ADDMV)
        self.write("soft.otm", SOFTMAX)
        self.write("net.otm", SCOPES)
        self.write("pick.otm", PICK)
        self.write("gram.otm", GRAM)
        # A plan of more steps than one sees at a glance; sqrt keeps products apart.
        lines = "".join(f"  y{i + 1} = sqrt(A @ y{i}) @ A\n" for i in range(6))
        self.write("long.otm", f"graph long(A: f64[n, n], y0: f64[n]) -> y6 {{\n{lines}}}\n")
        self.sizes = ["--size", "m=60", "--size", "n=8"]

    def explain(self, *arguments, **options):
        return self.otium("explain", *arguments, **options).out

    def plan(self, *arguments):
        return self.otium("explain", *arguments, "--json").json()["plan"]
