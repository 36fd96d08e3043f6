# SPDX-License-Identifier: Apache-2.0
"""Results: printed, written, compared; and that stdout carries nothing else."""

import io
import os
import subprocess
import unittest

import numpy as np

import otium
from otium import BAD_INPUT, DIFFERS, RUN_FAILED, USAGE

TWO = """graph two(A: f64[m, n]) -> (total, twice) {
  total = sum(A)
  twice = 2 * A
}
"""


class Results(otium.CliTest):
    def setUp(self):
        super().setUp()
        self.write("two.otm", TWO)
        self.A = np.arange(6.0).reshape(2, 3)
        np.save(self.path("A.npy"), self.A)

    def run_two(self, *arguments, **more):
        return self.otium("run", "two.otm", "A=A.npy", *arguments, **more)

    def test_printed_as_numpy_prints(self):
        result = self.run_two()
        self.assertEqual(result.out, f"total:\n15.0\ntwice:\n{2 * self.A}\n")
        self.assertEqual(result.err, "")

    def test_at_most_a_thousand_elements_are_printed(self):
        big = np.arange(1001.0)
        np.save(self.path("big.npy"), big)
        self.write("f.otm", "graph f(x: f64[n]) -> y {\n  y = x + 0\n}\n")
        self.assertEqual(self.otium("run", "f.otm", "x=big.npy").out, f"{big}\n")
        full = self.otium("run", "f.otm", "x=big.npy", "--full").out
        with np.printoptions(threshold=10**6):
            self.assertEqual(full, f"{big}\n")

    def test_one_file_each(self):
        result = self.run_two("-o", "twice=w.npy", "--output", "total=t.npy")
        self.assertEqual(result.out + result.err, "")
        np.testing.assert_array_equal(np.load(self.path("w.npy")), 2 * self.A)
        self.assertEqual(np.load(self.path("t.npy")), 15)
        # What is not asked for is neither printed nor written.
        self.assertEqual(self.run_two("-o", "twice=w.mtx").out, "")
        self.assertTrue((self.folder / "w.mtx").read_text().startswith("%%MatrixMarket"))

    def test_all_in_one_file(self):
        self.run_two("-o", "all.npz")
        with np.load(self.path("all.npz")) as f:
            self.assertEqual(sorted(f.files), ["total", "twice"])
            np.testing.assert_array_equal(f["twice"], 2 * self.A)
        self.run_two("-o", "total=some.npz:sum", "-o", "twice=some.npz")
        with np.load(self.path("some.npz")) as f:
            self.assertEqual(sorted(f.files), ["sum", "twice"])

    def test_to_stdout(self):
        result = self.run_two("-o", "twice=-")
        np.testing.assert_array_equal(np.load(io.BytesIO(result.bytes)), 2 * self.A)
        both = io.BytesIO(self.run_two("-o", "-").bytes)
        self.assertEqual(np.load(both), 15)
        np.testing.assert_array_equal(np.load(both), 2 * self.A)

    def test_wrong_outputs(self):
        error = self.run_two("-o", "w=w.npy", code=USAGE).err
        self.assertIn("no result w", error)
        self.assertIn("total, twice", error)
        self.run_two("-o", "all.npy", code=USAGE)
        self.assertIn("an .mtx file holds a matrix, and total is f64[]",
                      self.run_two("-o", "total=w.mtx", code=USAGE).err)
        self.run_two("-o", "twice=w.txt", code=USAGE)
        self.run_two("-o", "twice=w.npy", "-o", "total=w.npy", code=USAGE)
        self.run_two("-o", "twice=s.npz:a", "-o", "total=s.npz:a", code=USAGE)
        self.run_two("-o", "-", "--json", code=USAGE)
        self.run_two("-o", "twice=nowhere/w.npy", code=RUN_FAILED)
        os.mkdir(self.path("dir.npy"))
        self.run_two("-o", "twice=dir.npy", code=RUN_FAILED)

    def test_full_disk(self):
        # A device has no temporary name: what is written to it fails at once.
        os.symlink("/dev/full", self.path("full.npy"))
        error = self.run_two("-o", "twice=full.npy", code=RUN_FAILED).err
        self.assertIn("No space left", error)
        with open("/dev/full", "wb") as full:
            done = subprocess.run([otium.OTIUM, "run", "two.otm", "A=A.npy"], cwd=self.folder,
                                  stdout=full, stderr=subprocess.PIPE)
        self.assertEqual(done.returncode, RUN_FAILED)
        self.assertIn(b"stdout", done.stderr)

    def test_a_failed_run_leaves_old_files(self):
        self.write("w.npy", "old")
        self.write("f.otm", "graph f(A: f64[n, n]) -> L {\n  L = cholesky(A)\n}\n")
        self.otium("run", "f.otm", "A=[[1, 2], [2, 1]]", "-o", "L=w.npy", code=RUN_FAILED)
        self.assertEqual((self.folder / "w.npy").read_text(), "old")
        self.assertEqual(sorted(p.name for p in self.folder.iterdir() if p.name != "cache"),
                         ["A.npy", "f.otm", "two.otm", "w.npy"])

    def test_overwriting_an_input(self):
        self.run_two("-o", "twice=A.npy")
        np.testing.assert_array_equal(np.load(self.path("A.npy")), 2 * self.A)


class Expected(otium.CliTest):
    def setUp(self):
        super().setUp()
        self.write("f.otm", "graph f(x: f64[n]) -> y {\n  y = x + 1\n}\n")

    def expect(self, values, *arguments, **more):
        np.save(self.path("y.npy"), values)
        return self.otium("run", "f.otm", "x=[1, 2, 3]", "--expect", "y=y.npy", *arguments, **more)

    def test_equal(self):
        self.expect(np.array([2.0, 3, 4]))
        self.expect(np.array([2.0, 3, 4 + 1e-9]))

    def test_different(self):
        error = self.expect(np.array([2.0, 3, 4.5]), code=DIFFERS).err
        self.assertIn("1 of 3 elements differ", error)
        self.assertIn("at [2]: 4, not 4.5", error)
        self.assertEqual(self.expect(np.array([2.0, 3, 4.5]), code=DIFFERS).out, "[2. 3. 4.]\n")

    def test_every_verdict_is_one_line(self):
        match = self.expect(np.array([2.0, 3, 4]))
        self.assertEqual(match.err, "otium: y agrees with y.npy: 3 elements, at most 0 apart\n")
        self.assertEqual(self.expect(np.array([2.0, 3, 4]), "--quiet").err, "")
        # The worst of each kind is told with its place, also when the tolerance is
        # exceeded more elsewhere.
        for quiet in ([], ["--quiet"]):
            error = self.expect(np.array([1.0, 3, 7]), "--rtol", "0.5", *quiet, code=DIFFERS).err
            self.assertEqual(error, "otium: error: y differs from y.npy: 1 of 3 elements differ, "
                             "the most at [0]: 2, not 1 (1 apart, 0.5 allowed); largest difference "
                             "3 at [2], largest relative one 1 at [0]\n")

    def test_tolerance(self):
        near = np.array([2.0, 3, 4 + 1e-5])
        self.expect(near, code=DIFFERS)
        self.expect(near, "--atol", "1e-4")
        self.expect(near, "--rtol", "1e-5")
        self.expect(near, "--rtol", "1e-6", code=DIFFERS)
        self.expect(near, "--rtol", "-1", code=USAGE)

    def test_special_values(self):
        special = np.array([np.nan, np.inf, -np.inf])
        np.save(self.path("y.npy"), special)
        np.save(self.path("x.npy"), special)
        self.otium("run", "f.otm", "x=x.npy", "--expect", "y=y.npy")
        np.save(self.path("y.npy"), np.array([0, np.inf, -np.inf]))
        self.otium("run", "f.otm", "x=x.npy", "--expect", "y=y.npy", code=DIFFERS)
        np.save(self.path("y.npy"), np.array([np.nan, -np.inf, -np.inf]))
        self.otium("run", "f.otm", "x=x.npy", "--expect", "y=y.npy", "--rtol", "1", code=DIFFERS)

    def test_type_is_part_of_it(self):
        self.expect(np.array([2, 3, 4], np.float32), code=DIFFERS)
        self.expect(np.array([2, 3, 4], np.float32), "--cast")
        self.expect(np.array([2.0, 3]), code=DIFFERS)
        self.expect(np.array([[2.0, 3, 4]]), code=DIFFERS)

    def test_integers_are_exact(self):
        self.write("f.otm", "graph f(x: i64[n]) -> y {\n  y = x + 1\n}\n")
        self.expect(np.array([2, 3, 4]))
        self.expect(np.array([2, 3, 5]), code=DIFFERS)
        # Beyond 2^53, where f64 cannot tell them apart.
        np.save(self.path("y.npy"), np.array([2**60 + 1]))
        self.otium("run", "f.otm", f"x=[{2**60}]", "--expect", "y=y.npy")
        self.otium("run", "f.otm", f"x=[{2**60 - 1}]", "--expect", "y=y.npy", code=DIFFERS)

    def test_nothing_to_compare_with(self):
        error = self.otium("run", "f.otm", "x=[1]", "--expect", "y=y.npy", code=BAD_INPUT).err
        self.assertIn("--expect y=y.npy: ", error)
        error = self.otium("run", "f.otm", "x=[1]", "--expect", "z=y.npy", code=USAGE).err
        self.assertIn("help: it has y\n", error)
        error = self.otium("run", "f.otm", "x=[1]", "--rtol", "1", code=USAGE).err
        self.assertIn("--rtol says nothing without --expect", error)
        self.otium("run", "f.otm", "x=[1]", "--expect", "y", code=USAGE)

    def test_results_are_written_all_the_same(self):
        self.expect(np.array([9.0, 9, 9]), "-o", "out.npy", code=DIFFERS)
        np.testing.assert_array_equal(np.load(self.path("out.npy")), [2, 3, 4])

    def test_json(self):
        document = self.expect(np.array([2.0, 3, 4.5]), "--json", code=DIFFERS).json()
        self.assertEqual(document["exit_code"], DIFFERS)
        self.assertEqual(document["status"], "differs")
        self.assertEqual(document["expect"]["y"]["differing"], 1)
        self.assertEqual(document["results"]["y"]["data"], [2, 3, 4])


class Checked(otium.CliTest):
    """--check: the reference agrees with what is right."""

    def check(self, text, *arguments):
        self.write("f.otm", text)
        return self.otium("run", "f.otm", "--random-missing", "--check", *arguments, "-o", "r.npz")

    def test_products(self):
        for dtype in ("f32", "f64", "c64", "c128"):
            result = self.check(f"graph f(A: {dtype}[m, k], B: {dtype}[k, n]) -> C {{\n"
                                "  C = A @ B\n}\n",
                                "--size", "m=40", "--size", "k=300", "--size", "n=30")
            self.assertIn("C agrees with the reference", result.err)

    def test_complex_infinities(self):
        # Products and quotients are the textbook's on both sides, not Annex G's.
        parts = [0, 1, -2.5, np.inf, -np.inf, np.nan]
        for dtype in ("c64", "c128"):
            values = np.array([complex(a, b) for a in parts for b in parts])
            values = values.astype(np.complex64 if dtype == "c64" else np.complex128)
            np.save(self.path("x.npy"), np.repeat(values, len(values)))
            np.save(self.path("y.npy"), np.tile(values, len(values)))
            self.check(f"graph f(x: {dtype}[n], y: {dtype}[n]) -> (a, b, c, d, e, s, p, t) {{\n"
                       "  a = x * y\n  b = x / y\n  c = x ** 3\n  d = addcdiv(x, x, y)\n"
                       "  e = 1 / x\n  s = sigmoid(x)\n  p = cumprod(reshape(x, [36, 36]), 1)\n"
                       "  t = prod(reshape(y, [36, 36]), 0)\n}\n", "x=x.npy", "y=y.npy")

    def test_conditioning_is_measured(self):
        # Hilbert's matrix: its solution may err by 1e-4 in f64, and the check
        # knows so.
        n = 9
        H = 1 / (1 + np.arange(n)[:, None] + np.arange(n))
        np.save(self.path("H.npy"), H)
        self.check("graph f(A: f64[n, n], b: f64[n]) -> x {\n  x = solve(A, b)\n}\n", "A=H.npy")

    def test_integers_and_several_results(self):
        result = self.check("graph f(x: f32[n]) -> (i, s, y) {\n  i = nonzero(relu(x))\n"
                            "  s = sum(x)\n  y = exp(x) / 2\n}\n", "--size", "n=1000")
        self.assertEqual(result.err.count("agrees"), 3)

    def test_json(self):
        document = self.otium("run", self.write("f.otm", otium.ADDMV), "--random-missing",
                              "--size", "m=3", "--size", "n=4", "--check", "--json").json()
        self.assertTrue(document["check"]["z"]["agrees"])
        self.assertEqual(document["check"]["z"]["elements"], 3)
        self.assertGreater(document["check"]["z"]["allowed"], 0)
        self.assertLess(document["check"]["z"]["allowed"], 1e-12)


if __name__ == "__main__":
    otium.main()
