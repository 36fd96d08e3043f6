# SPDX-License-Identifier: Apache-2.0
"""Inputs: every form of NAME=VALUE, sizes, random ones that are as declared."""

import unittest

import numpy as np

import otium
from otium import BAD_GRAPH, BAD_INPUT, NO_DEVICE, RUN_FAILED, USAGE

IDENTITY = "graph f(A: {type}) -> B {{\n  B = A + {zero}\n}}\n"


class Values(otium.CliTest):
    def setUp(self):
        super().setUp()
        self.write("addmv.otm", otium.ADDMV)
        self.A = np.arange(6.0).reshape(2, 3)
        np.save(self.path("A.npy"), self.A)

    def run_addmv(self, A, x='x=[1, 2, 3]', y="y=[0.5, -1]", **more):
        return self.otium("run", "addmv.otm", A, x, y, **more)

    def test_literals(self):
        self.assertEqual(self.run_addmv("A=[[1, 0, 0], [0, 1e1, -.5]]").out, "[ 1.5 17.5]\n")

    def test_npy(self):
        self.assertEqual(self.run_addmv("A=A.npy").out, "[ 8.5 25. ]\n")
        np.save(self.path("F.npy"), np.asfortranarray(self.A))
        self.assertEqual(self.run_addmv("A=F.npy").out, "[ 8.5 25. ]\n")
        self.assertEqual(self.otium("run", "addmv.otm", "A=A.npy", "x=[1, 2, 3]", "y=[0.5, -1]",
                                    "--no-mmap").out, "[ 8.5 25. ]\n")

    def test_npz(self):
        np.savez(self.path("set.npz"), weights=self.A, A=2 * self.A)
        self.assertEqual(self.run_addmv("A=set.npz:weights").out, "[ 8.5 25. ]\n")
        # Of several arrays the one called like the input.
        self.assertEqual(self.run_addmv("A=set.npz").out, "[16.5 51. ]\n")
        np.savez_compressed(self.path("one.npz"), other=self.A)
        self.assertEqual(self.run_addmv("A=one.npz").out, "[ 8.5 25. ]\n")
        np.savez(self.path("two.npz"), u=self.A, v=self.A)
        error = self.run_addmv("A=two.npz", code=BAD_INPUT).err
        self.assertIn("two.npz", error)
        error = self.run_addmv("A=set.npz:nothing", code=BAD_INPUT).err
        self.assertIn("nothing", error)

    def test_mtx(self):
        self.write("A.mtx", "%%MatrixMarket matrix coordinate real general\n2 3 2\n1 1 1\n2 3 4\n")
        self.assertEqual(self.run_addmv("A=A.mtx").out, "[ 1.5 11. ]\n")

    def test_made(self):
        self.assertEqual(self.run_addmv("A=ones").out, "[6.5 5. ]\n")
        self.assertEqual(self.run_addmv("A=zeros").out, "[ 0.5 -1. ]\n")
        self.assertEqual(self.run_addmv("A=eye").out, "[1.5 1. ]\n")
        first = self.run_addmv("A=random").out
        self.assertEqual(first, self.run_addmv("A=random").out)
        other = self.otium("run", "addmv.otm", "A=random", "x=[1, 2, 3]", "y=[0.5, -1]",
                           "--seed", "7").out
        self.assertNotEqual(first, other)

    def test_sizes_of_what_is_made(self):
        result = self.otium("run", "addmv.otm", "--random-missing", "--size", "m=4", "--size",
                            "n=5", "-o", "z.npy")
        self.assertEqual(result.out, "")
        self.assertEqual(np.load(self.path("z.npy")).shape, (4,))
        error = self.otium("run", "addmv.otm", "--random-missing", code=BAD_INPUT).err
        self.assertIn("size m is not known", error)
        self.assertIn("--size m=", error)
        error = self.otium("run", "addmv.otm", "--random-missing", "--size", "k=4", code=USAGE).err
        self.assertIn("no size k", error)
        self.otium("run", "addmv.otm", "--random-missing", "--size", "m=-1", code=USAGE)
        self.otium("run", "addmv.otm", "--random-missing", "--size", "m=two", code=USAGE)
        error = self.otium("run", "addmv.otm", "--random-missing", "A=A.npy", "--size", "m=9",
                           code=BAD_INPUT).err
        self.assertIn("m is 9, not 2", error)
        self.otium("run", "addmv.otm", "--random-missing", "--size", "m=0", "--size", "n=0")

    def test_sizes_that_a_shape_does_not_tell(self):
        for size, data, words in (("2*k", "[1, 2, 3]", "3 is no 2*k"), ("n + 1", "[]", "0 is no n + 1"),
                                  ("n * m", "[1, 2, 3, 4]", "m*n = 4 does not tell m and n; bind one of them (--size)"),
                                  ("n // 2", "[1, 2]", "n // 2 = 2 does not tell n; bind it (--size)")):
            self.write("f.otm", f"graph f(x: f64[{size}]) -> y {{\n  y = x + 1\n}}\n")
            self.assertIn(words + "\n", self.otium("run", "f.otm", f"x={data}", code=BAD_INPUT).err)
        self.otium("run", "f.otm", "x=[1, 2]", "--size", "n=5")

    def test_size_that_overflows(self):
        error = self.otium("run", "addmv.otm", "--random-missing", "--size",
                           "m=4000000000000000000", "--size", "n=4000000000000000000",
                           code=NO_DEVICE).err
        self.assertIn("A:", error)

    def test_dtype_is_converted_when_told(self):
        np.save(self.path("f32.npy"), self.A.astype(np.float32))
        error = self.run_addmv("A=f32.npy", code=BAD_INPUT).err
        self.assertIn("f32[2, 3]", error)
        self.assertIn("--cast", error)
        out = self.otium("run", "addmv.otm", "A=f32.npy", "x=[1, 2, 3]", "y=[0.5, -1]", "--cast").out
        self.assertEqual(out, "[ 8.5 25. ]\n")
        np.save(self.path("c.npy"), self.A.astype(complex))
        error = self.otium("run", "addmv.otm", "A=c.npy", "x=[1, 2, 3]", "y=[0.5, -1]", "--cast",
                           code=BAD_INPUT).err
        self.assertIn("imaginary", error)
        # What does not help is not advised.
        self.assertNotIn("--cast", self.run_addmv("A=c.npy", code=BAD_INPUT).err)

    def test_a_file_that_is_not_there_names_its_input(self):
        for value in ("nothing.npy", "nothing.npz:w", "nothing.mtx"):
            error = self.run_addmv(f"A={value}", code=BAD_INPUT).err
            self.assertIn(f"otium: error: A={value.split(':')[0]}: ", error)
            self.assertIn("No such file", error)

    def test_shapes_that_disagree_name_both(self):
        error = self.run_addmv("A=A.npy", x="x=[1, 2]", code=BAD_INPUT).err
        self.assertIn("x is [2]", error)
        self.assertIn("A, which is [2, 3]", error)
        self.run_addmv("A=[1, 2]", code=BAD_INPUT)

    def test_names(self):
        error = self.run_addmv("B=A.npy", code=USAGE).err
        self.assertIn("no input B", error)
        self.assertIn("A, x, y", error)
        error = self.otium("run", "addmv.otm", "A=A.npy", "x=[1, 2, 3]", code=BAD_INPUT).err
        self.assertIn("input y: f64[m] is missing", error)
        self.otium("run", "addmv.otm", "A=A.npy", "A=A.npy", code=USAGE)
        self.otium("run", "addmv.otm", "A", code=USAGE)
        self.otium("run", "addmv.otm", "A=", code=USAGE)
        error = self.otium("run", "addmv.otm", "z=z.npy", code=USAGE).err
        self.assertIn("did you mean -o z=z.npy", error)

    def test_values_that_are_none(self):
        for value in ("A=nothing", "A=[[1, 2, 3], [4, 5]]", "A=[[1, 2, x]]", "A=1 + ", "A=A.txt",
                      "A=[1]) \n  w = tensor([1]", "A=[" * 400):
            self.run_addmv(value, code=BAD_INPUT)

    def test_every_dtype_written_out(self):
        for dtype, value, printed in (("f16", "[0.1]", "[0.1]"), ("f32", "[0.1]", "[0.1]"),
                                      ("i32", "[-3]", "[-3]"), ("i64", "[9007199254740993]",
                                                                "[9007199254740993]"),
                                      ("c64", "[1+2j]", "[1.+2.j]"), ("c128", "[2j]", "[0.+2.j]")):
            self.write("f.otm", IDENTITY.format(type=f"{dtype}[n]", zero="0"))
            self.assertEqual(self.otium("run", "f.otm", f"A={value}").out, printed + "\n", dtype)
        self.otium("run", "f.otm", "A=[1.5]", "--size", "n=1")
        self.write("f.otm", IDENTITY.format(type="i32[n]", zero="0"))
        self.otium("run", "f.otm", "A=[1.5]", code=BAD_INPUT)
        self.otium("run", "f.otm", "A=[3000000000]", code=BAD_INPUT)

    def test_defaults(self):
        self.write("f.otm", "graph f(x: f64[n], s: f64[] = 0.5) -> y {\n  y = s * x\n}\n")
        self.assertEqual(self.otium("run", "f.otm", "x=[2]").out, "[1.]\n")
        self.assertEqual(self.otium("run", "f.otm", "x=[2]", "s=-3").out, "[-6.]\n")
        self.assertEqual(self.otium("run", "f.otm", "--random-missing", "x=[2]").out, "[1.]\n")

    def test_an_empty_input(self):
        np.save(self.path("E.npy"), np.zeros((2, 0)))
        self.assertEqual(self.otium("run", "addmv.otm", "A=E.npy", "x=zeros", "y=[1, 2]").out,
                         "[1. 2.]\n")


class Structure(otium.CliTest):
    """A random input is what it is declared to be."""

    def random(self, declared, *sizes, seed=0, dtype="f64"):
        self.write("f.otm", f"graph f(A: {dtype}{declared}) -> B {{\n  B = 1 * A\n}}\n")
        arguments = [part for s in sizes for part in ("--size", s)]
        # The run checks the declaration; the numbers are checked again here.
        self.otium("run", "f.otm", "A=random", "-o", "B.npy", "--seed", seed, *arguments)
        return np.load(self.path("B.npy"))

    def test_symmetric_and_definite(self):
        for word in ("symmetric", "spd", "psd", "spd banded(2, 2)", "spd tridiagonal"):
            A = self.random(f"[3, n, n] {word}", "n=20")
            np.testing.assert_array_equal(A, A.swapaxes(1, 2))
            if word != "symmetric":
                self.assertGreater(np.linalg.eigvalsh(A).min(), 0.1)
        self.assertEqual(np.count_nonzero(np.triu(A, 2)), 0)
        H = self.random("[n, n] hermitian", "n=9", dtype="c128")
        np.testing.assert_array_equal(H, H.conj().T)
        self.assertGreater(np.abs(H.imag).max(), 0.1)
        P = self.random("[n, n] spd", "n=9", dtype="c64")
        self.assertGreater(np.linalg.eigvalsh(P).min(), 0.1)

    def test_triangular_is_nonsingular(self):
        for word, other in (("lower", np.triu), ("upper", np.tril), ("unit_lower", np.triu),
                            ("unit_upper", np.tril)):
            A = self.random(f"[n, n] {word}", "n=30")
            self.assertEqual(np.count_nonzero(other(A, 1 if other is np.triu else -1)), 0)
            self.assertLess(np.linalg.cond(A), 100)
            if word.startswith("unit"):
                np.testing.assert_array_equal(np.diag(A), np.ones(30))

    def test_orthogonal(self):
        Q = self.random("[n, n] orthogonal", "n=40")
        np.testing.assert_allclose(Q.T @ Q, np.eye(40), atol=1e-14)
        self.assertGreater(np.count_nonzero(np.abs(Q) > 1e-3), 400)
        U = self.random("[m, n] orthonormal", "m=10", "n=4", dtype="c128")
        np.testing.assert_allclose(U.conj().T @ U, np.eye(4), atol=1e-14)
        self.otium("run", "f.otm", "A=random", "--size", "m=3", "--size", "n=4", code=BAD_INPUT)
        S = self.random("[n, n] orthogonal symmetric", "n=9")
        np.testing.assert_array_equal(S, S.T)
        np.testing.assert_allclose(S @ S, np.eye(9), atol=1e-14)
        # Complex and symmetric is not hermitian: both are to be had.
        for word, other in (("symmetric", lambda U: U.T), ("hermitian", lambda U: U.conj().T)):
            U = self.random(f"[n, n] orthogonal {word}", "n=9", dtype="c128")
            np.testing.assert_array_equal(U, other(U))
            np.testing.assert_allclose(U.conj().T @ U, np.eye(9), atol=1e-14)
            self.assertGreater(np.count_nonzero(np.abs(U) > 1e-3), 40)

    def test_of_bools(self):
        for word in ("orthogonal", "spd", "nonsingular lower", "orthonormal symmetric"):
            self.write("f.otm", f"graph f(A: bool[n, n] {word}) -> B {{\n  B = logical_or(A, A)\n}}\n")
            self.otium("run", "f.otm", "A=random", "--size", "n=4", "-o", "B.npy")
            np.testing.assert_array_equal(np.load(self.path("B.npy")), np.eye(4, dtype=bool))

    def test_permutation_diagonal_banded(self):
        P = self.random("[n, n] permutation", "n=50")
        np.testing.assert_array_equal(P.sum(0), np.ones(50))
        np.testing.assert_array_equal(P.sum(1), np.ones(50))
        self.assertGreater(np.count_nonzero(np.diag(P) == 0), 30)
        D = self.random("[n, n] diagonal", "n=6")
        self.assertEqual(np.count_nonzero(D - np.diag(np.diag(D))), 0)
        B = self.random("[m, n] banded(1, 2)", "m=6", "n=9")
        self.assertEqual(np.count_nonzero(np.tril(B, -2)) + np.count_nonzero(np.triu(B, 3)), 0)
        self.assertGreater(np.count_nonzero(B), 15)

    def test_full_rank_and_nonsingular(self):
        self.assertLess(np.linalg.cond(self.random("[n, n] nonsingular", "n=60")), 100)
        self.assertEqual(np.linalg.matrix_rank(self.random("[m, n] full_rank", "m=20", "n=7")), 7)

    def test_scalars(self):
        for seed in range(8):
            self.assertGreater(self.random("[] positive", seed=seed), 0)
            self.assertGreaterEqual(self.random("[] nonnegative", seed=seed), 0)

    def test_not_as_declared(self):
        for declared, value in (("[n, n] symmetric", "[[1, 2], [3, 4]]"),
                                ("[n, n] spd", "[[1, 2], [3, 1]]"), ("[n, n] lower", "ones"),
                                ("[n, n] unit_lower", "[[2, 0], [0, 1]]"),
                                ("[n, n] unit_lower", "[[1, 3], [0, 1]]"),
                                ("[n, n] diagonal", "ones"), ("[n, n] orthogonal", "ones"),
                                ("[m, n] orthonormal", "[[1, 2], [3, 4], [5, 6]]"),
                                ("[n, n] banded(2, 0)", "ones"),
                                ("[n, n] permutation", "ones"), ("[] positive", "-1")):
            self.write("f.otm", f"graph f(A: f64{declared}) -> B {{\n  B = 1 * A\n}}\n")
            sizes = ["--size", "n=4"] if value == "ones" else []
            error = self.otium("run", "f.otm", f"A={value}", *sizes, code=BAD_INPUT).err
            self.assertIn("error: A: ", error)
            # In the user's word: spd, not the symmetric that follows from it.
            self.assertIn("declared " + declared.split("] ")[1] + ", ", error)

    def test_too_wide_for_its_columns(self):
        for word in ("full_rank", "orthonormal"):
            self.write("f.otm", f"graph f(A: f64[m, n] {word}) -> B {{\n  B = A.T @ A\n}}\n")
            error = self.otium("run", "f.otm", "A=[[1, 0, 0], [0, 1, 0]]", code=BAD_INPUT).err
            self.assertIn(f"f.otm:1:9: error: A: declared {word}, but it has more columns than rows",
                          error)
            self.otium("run", "f.otm", "A=[[1, 0], [0, 1], [0, 0]]")
            self.write("f.otm", f"graph f(A: f64[2, 3] {word}) -> B {{\n  B = A.T @ A\n}}\n")
            self.assertIn(f"f.otm:1:12: error: A is f64[2, 3], too wide to be {word}",
                          self.otium("check", "f.otm", code=BAD_GRAPH).err)

    def test_sparse_layouts_are_refused(self):
        for word in ("csr", "spd coo", "bsr(2, 2)"):
            self.write("f.otm", f"graph f(A: f64[n, n] {word}) -> B {{\n  B = A @ A\n}}\n")
            self.otium("check", "f.otm")
            for command in ("run", "explain", "bench"):
                error = self.otium(command, "f.otm", "A=eye", "--size", "n=3", code=RUN_FAILED).err
                layout = word.replace("spd ", "")
                self.assertIn(f"f.otm:1:9: error: the input A is declared f64[n, n] {layout}, ", error)
                self.assertIn("declare it f64[n, n]", error)


if __name__ == "__main__":
    otium.main()
