# SPDX-License-Identifier: Apache-2.0
"""Bad input of every kind: a clear message, the right exit code, never a crash."""

import json
import os
import signal
import subprocess
import time
import unittest

import numpy as np

import otium
from otium import (BAD_GRAPH, BAD_INPUT, FINE, INTERRUPTED, NO_DEVICE, RUN_FAILED, USAGE)


class Usage(otium.CliTest):
    def test_help(self):
        short, whole = self.otium("-h"), self.otium("--help")
        for command in ("run", "check", "explain", "bench", "fmt", "convert", "ops", "devices",
                        "calibrate"):
            self.assertIn(f"  {command}", short.out)
            short_one = self.otium(command, "-h").out
            whole_one = self.otium(command, "--help").out
            self.assertIn(f"usage: otium {command}", short_one)
            self.assertIn("Examples:", whole_one)
            self.assertIn("Exit codes:", whole_one)
            self.assertLess(len(short_one), len(whole_one))
            self.assertLess(max(map(len, (short_one + whole_one).split("\n"))), 81)
        self.assertIn("Examples:", whole.out)
        self.assertEqual(short.err + whole.err, "")
        for option in ("--size", "--random-missing", "--seed", "--cast", "--no-mmap", "--output",
                       "--full", "--check", "--expect", "--rtol", "--atol", "--device",
                       "--device-model", "--threads", "--math", "--memory-limit", "--no-optimize",
                       "--disable-pass", "--repeat", "--profile", "--dump-passes", "--json",
                       "--color", "--quiet"):
            self.assertIn(option, self.otium("run", "--help").out)
            self.assertIn(option, self.otium("run", "-h").out)

    def test_version(self):
        text = self.otium("--version").out
        self.assertRegex(text, r"^otium \d+\.\d+\.\d+\n$")
        for arguments in (["--version", "--json"], ["--json", "--version"]):
            document = self.otium(*arguments).json()
            self.assertEqual(f"otium {document['otium']}\n", text)
            self.assertEqual(document["status"], "fine")
        self.write("g.otm", otium.ADDMV)
        error = self.otium("--json", "check", "g.otm", code=USAGE).json()["errors"][0]
        self.assertIn("--json stands before the command", error["message"])

    def test_mistakes(self):
        for arguments, words in ((["rnu", "f.otm"], "did you mean otium run?"), ([], "no command"),
                                 (["run"], "FILE"), (["run", "f.otm", "--chek"], "--check"),
                                 (["convert", "a.npy"], "OUT"), (["check", "a", "b"], "too many"),
                                 (["run", "f.otm", "--threads", "0"], "--threads"),
                                 (["run", "f.otm", "--threads", "x"], "--threads"),
                                 (["run", "f.otm", "--seed", "-1.5"], "--seed"),
                                 (["run", "f.otm", "--repeat", "0"], "--repeat"),
                                 (["run", "f.otm", "--color", "blue"], "--color"),
                                 (["run", "f.otm", "--math", "exact"], "strict, standard or fast"),
                                 (["run", "f.otm", "--device", "tpu"], "cuda:N"),
                                 (["run", "f.otm", "--device-model", "h2000"], "h200"),
                                 (["run", "f.otm", "--disable-pass", "nothing"], "no pass nothing"),
                                 (["run", "f.otm", "-o"], "--output needs a value, NAME=FILE"),
                                 (["paint", "f.otm"], "there is no command 'paint'"),
                                 (["viz", "f.otm", "-o", "z.png"], ".html .svg .dot .json .txt"),
                                 (["run"], "otium: error: FILE is missing\n"),
                                 (["fmt", "f.otm", "--write", "--check"], "do not go together"),
                                 (["", "f.otm"], "there is no command ''"),
                                 (["run", ""], "the name of FILE is empty"),
                                 (["--threads", "3", "run", "f.otm"],
                                  "--threads stands before the command"),
                                 (["run", "f.otm", "--device", "gpu"],
                                  "--device: 'gpu' is not a device"),
                                 (["run", "f.otm", "--seed", "1", "--seed", "2"],
                                  "--seed is given more than once")):
            error = self.otium(*arguments, code=USAGE)
            self.assertIn(words, error.err, arguments)
            self.assertEqual(error.out, "")

    def test_option_values_in_our_own_words(self):
        for option, value, words in (("--threads", "x", "'x' is not a whole number"),
                                     ("--threads", "1.5", "'1.5' is not a whole number"),
                                     ("--threads", "0", "0 is less than 1"),
                                     ("--threads", "99999", "99999 is more than 1024"),
                                     ("--seed", "-1", "-1 is less than 0"),
                                     ("--seed", 2**64, "is more than 18446744073709551615"),
                                     ("--repeat", "many", "'many' is not a whole number"),
                                     ("--rtol", "x", "'x' is not a number"),
                                     ("--atol", "-1", "-1 is less than 0"),
                                     ("--rtol", "nan", "'nan' is not a number"),
                                     ("--rtol", "inf", "inf is not finite"),
                                     ("--color", "blue", "'blue' is not auto, always or never")):
            error = self.otium("run", "f.otm", f"{option}={value}", code=USAGE).err
            self.assertTrue(error.startswith(f"otium: error: {option}: "), error)
            self.assertIn(words, error)

    def test_metavars_are_plain(self):
        text = self.otium("run", "--help").out + self.otium("run", "-h").out
        for words in ("NONNEGATIVE", "INT", " in [", "FLOAT", "UINT", "TEXT", "{"):
            self.assertNotIn(words, text)
        for words in ("--threads N ", "--rtol X ", "--size NAME=N ", "--color WHEN ",
                      "--memory-limit BYTES ", "--profile FILE "):
            self.assertIn(words, text)

    def test_mistakes_in_json(self):
        document = self.otium("run", "--json", code=USAGE).json()
        self.assertEqual((document["exit_code"], document["status"]), (USAGE, "usage"))
        self.assertEqual(len(document["errors"]), 1)
        self.otium("run", "f.otm", "--json", "--nonsense", code=USAGE).json()


class Graphs(otium.CliTest):
    def check(self, text, *words):
        self.write("bad.otm", text)
        result = self.otium("check", "bad.otm", code=BAD_GRAPH)
        self.assertEqual(result.out, "")
        for word in words:
            self.assertIn(word, result.err)
        document = self.otium("check", "bad.otm", "--json", code=BAD_GRAPH).json()
        self.assertEqual(document["exit_code"], BAD_GRAPH)
        self.assertEqual(document["status"], "graph")
        self.assertGreater(len(document["errors"]), 0)
        for command in ("run", "explain", "bench"):
            self.otium(command, "bad.otm", code=BAD_GRAPH)
        return document["errors"]

    def test_errors_show_where_and_what_to_do(self):
        errors = self.check("graph f(A: f64[m, n], b: f64[m]) -> y {\n  y = mv(A, b)\n}\n",
                            "bad.otm:2:7: error: mv: A is f64[m, n] and x is f64[m]",
                            "  2 |   y = mv(A, b)\n", "^~~~~~~~",
                            "bad.otm:1:23: note: b is declared here", "help: did you mean mv(A.T, b)?")
        self.assertEqual(errors[0]["position"]["line"], 2)
        self.assertEqual(errors[0]["position"]["column"], 7)
        self.assertEqual(errors[0]["help"], "did you mean mv(A.T, b)?")
        self.assertEqual(errors[0]["notes"][0]["position"]["line"], 1)

    def test_a_note_is_told_once(self):
        errors = self.check("graph f(A: f64[m, n]) -> y {\n  y = A @ A\n}\n", "did you mean A.T @ A?")
        self.assertEqual(len(errors[0]["notes"]), 1)

    def test_transposes_are_suggested_for_products_alone(self):
        for call in ("amax(A, dim=0)", "argmin(A, 0)", "A[0, 0]"):
            self.assertEqual(self.check(f"graph f(A: f64[0, 3]) -> y {{\n  y = {call}\n}}\n")[0]["help"],
                             "", call)
        self.check("graph f(A: f64[m, n], B: f64[n, m]) -> y {\n  y = A + B\n}\n",
                   "did you mean A.T + B?")

    def test_negative_powers_of_integers(self):
        for expression, type in (("2 ** -1", "i64[]"), ("x ** -1", "i64[n]"), ("pow(x, -2)", "i64[n]")):
            self.check(f"graph f(x: i64[n]) -> (y, z) {{\n  y = {expression}\n  z = x\n}}\n",
                       f"bad.otm:2:7: error: pow: x is {type} and exponent is -",
                       "cast x to a floating dtype or write -")
        self.write("f.otm", "graph f(x: i64[n], p: i64[n]) -> (a, b) {\n  a = x ** p\n  b = x ** -1.0\n}\n")
        out = self.otium("run", "f.otm", "x=[2, 1, -1, 0]", "p=[-1, -5, -3, -1]").out
        self.assertEqual(out, "a:\n[ 0  1 -1  0]\nb:\n[ 0.5  1.  -1.   inf]\n")

    def test_invalid_graphs(self):
        self.check("")
        self.check("this is no graph\n")
        self.check("graph f(x: f64[n]) -> y {\n  y = rleu(x)\n}\n", "relu")
        self.check("graph f(x: f64[n]) -> y {\n  z = x + 1\n}\n")
        self.check("graph f(x: f64[n]) -> y {\n  y = f(x)\n}\n")
        self.check("graph f(x: f64[n]) -> y {\n  y = x\n", "bad.otm:")
        self.check("graph f(x: f64[n]) -> y {\n  y = x\n}\ngraph f(x: f64[n]) -> y {\n  y = x\n}\n",
                   "f")
        self.check("graph f(x: f64[n], x: f64[n]) -> y {\n  y = x\n}\n", "x")
        self.check("graph f(x: f64[n]) -> y {\n  y = " + "(" * 10000 + "x" + ")" * 10000 + "\n}\n")
        self.check('graph f() -> y {\n  y = load("/etc/passwd.npy")\n}\n')
        self.check("graph f(x: f64[9999999999999999999999]) -> y {\n  y = x\n}\n")

    def test_a_huge_line_is_not_kept(self):
        """Messages cost in proportion to the file, in time and memory."""
        def seconds(megabytes):
            (self.folder / "bad.otm").write_bytes(b"\0" * (megabytes << 20))
            start = time.monotonic()
            self.assertLess(len(self.otium("check", "bad.otm", code=BAD_GRAPH).err), 10000)
            return time.monotonic() - start

        # Sixteen times as much where the cost is quadratic.
        self.assertLess(seconds(16), 8 * seconds(4) + 1)
        inputs = ", ".join(f"x{i}: f64[n{i}]" for i in range(20000))
        self.write("wide.otm", f"graph f({inputs}) -> x0 {{\n}}\n")
        error = self.otium("check", "wide.otm").err
        self.assertEqual(error.count("warning:"), 20)
        self.assertIn("there are 19979 more warnings", error)

    def test_comparisons_do_not_chain(self):
        self.check("graph f(x: f64[n]) -> y {\n  y = 1 < x < 2\n}\n",
                   "bad.otm:2:13: error: comparisons do not chain\n", "logical_and(a < b, b < c)")

    def test_up_to_twenty_errors(self):
        lines = "".join(f"  y{i} = nothing{i}(x)\n" for i in range(50))
        errors = self.check("graph f(x: f64[n]) -> y0 {\n" + lines + "}\n")
        self.assertGreaterEqual(len(errors), 15)
        self.assertLessEqual(len(errors), 21)

    def test_hostile_bytes(self):
        for text in (b"\0" * 100, b"graph \xff\xfe(", b"\xef\xbb\xbf", os.urandom(5000)):
            (self.folder / "bad.otm").write_bytes(text)
            for command in ("check", "fmt"):
                self.otium(command, "bad.otm", code=BAD_GRAPH)
                self.otium(command, "bad.otm", "--json", code=BAD_GRAPH).json()

    def test_no_such_file(self):
        for command in ("run", "check", "explain", "bench", "fmt"):
            error = self.otium(command, "nothing.otm", code=BAD_INPUT).err
            self.assertIn("nothing.otm", error)
            self.assertIn("No such file", error)
            self.otium(command, ".", code=BAD_INPUT)

    def test_from_stdin(self):
        result = self.otium("run", "-", "A=eye", "x=[1, 2]", "y=[3, 4]", stdin=otium.ADDMV.encode())
        self.assertEqual(result.out, "[4. 6.]\n")

    def test_load_stays_in_the_folder(self):
        (self.folder / "sub").mkdir()
        np.save(self.path("w.npy"), np.ones(3))
        np.save(self.path("sub/w.npy"), np.zeros(3))
        self.write("sub/f.otm", 'graph f() -> y {\n  y = load("../w.npy") + 1\n}\n')
        self.otium("run", "sub/f.otm", code=BAD_GRAPH)
        self.assertEqual(self.otium("run", "sub/f.otm", "--load-anywhere").out, "[2. 2. 2.]\n")
        self.write("sub/f.otm", 'graph f() -> y {\n  y = load("v.npy") + 1\n}\n')
        self.assertIn("sub/f.otm:2:12: error", self.otium("run", "sub/f.otm", code=BAD_INPUT).err)
        self.write("sub/f.otm", 'graph f() -> y {\n  y = load("w.npy") + 1\n}\n')
        self.assertEqual(self.otium("run", "sub/f.otm").out, "[1. 1. 1.]\n")


class Data(otium.CliTest):
    def setUp(self):
        super().setUp()
        self.write("f.otm", "graph f(x: f64[n]) -> y {\n  y = x + 1\n}\n")

    def test_arguments_that_need_the_graph(self):
        for arguments, words in ((["x"], "'x' is not NAME=VALUE"), (["x="], "'x=' is not NAME=VALUE"),
                                 (["--expect", "y"], "--expect: 'y' is not NAME=FILE"),
                                 (["--size", "n"], "--size: 'n' is not NAME=N"),
                                 (["x=ones", "--size", "n=3", "--size", "n=4"], "n is given twice"),
                                 (["x=[1]", "-o", "y="], "-o y=: the name of the file is missing"),
                                 (["x=[1]", "-o", "y.txt"], "-o y.txt: the kind of file is not known")):
            error = self.otium("run", "f.otm", *arguments, code=USAGE).err
            self.assertTrue(error.startswith("otium: error: " + words) or f": {words}" in error, error)

    def test_names_cannot_drive_the_terminal(self):
        for arguments in (["\033[31m.otm"], ["f.otm", "x=\033[31m"], ["f.otm", "x=\033[31m.npy"]):
            self.assertNotIn("\033", self.otium("run", *arguments, code=BAD_INPUT).err)

    def fails(self, value, *words):
        result = self.otium("run", "f.otm", f"x={value}", code=BAD_INPUT)
        self.assertEqual(result.out, "")
        self.assertEqual(result.err.count("error"), 1)
        for word in words:
            self.assertIn(word, result.err)
        document = self.otium("run", "f.otm", f"x={value}", "--json", code=BAD_INPUT).json()
        self.assertEqual(document["status"], "input")

    def test_files(self):
        self.fails("nothing.npy", "nothing.npy", "No such file")
        os.mkdir(self.path("dir.npy"))
        self.fails("dir.npy", "dir.npy", "directory")
        self.write("text.npy", "this is text, not an array, and longer than any magic")
        self.fails("text.npy", "text.npy")
        self.write("empty.npy", "")
        self.fails("empty.npy")
        self.write("bad.npz", "PK")
        self.fails("bad.npz")
        self.write("bad.mtx", "%%MatrixMarket matrix coordinate real general\n2 2 9\n1 1 1\n")
        self.fails("bad.mtx", "line")
        self.fails("x.txt")
        self.fails("[1, 2", "x=[1, 2: the brackets do not match")
        self.fails("[1]) + (2", "the brackets do not match")

    def test_truncated_and_lying_headers(self):
        np.save(self.path("x.npy"), np.arange(100.0))
        whole = (self.folder / "x.npy").read_bytes()
        for length in (0, 5, 9, 50, 128, 130, len(whole) - 1):
            (self.folder / "cut.npy").write_bytes(whole[:length])
            self.fails("cut.npy", "cut.npy")
        for old, new in ((b"(100,)", b"(999,)"), (b"<f8", b">f8"), (b"<f8", b"|O8"),
                         (b"(100,)", b"(-10,)"), (b"'descr'", b"'dascr'")):
            (self.folder / "lie.npy").write_bytes(whole.replace(old, new))
            self.fails("lie.npy", "lie.npy")
        huge = whole.replace(b"(100,), }          ", b"(99999999999999999,),}")[:len(whole)]
        (self.folder / "huge.npy").write_bytes(huge)
        self.fails("huge.npy")

    def test_nan_everywhere(self):
        """Non-finite numbers give non-finite results or a clear failure: no crash."""
        self.write("g.otm", """graph g(A: f64[n, n], x: f64[n]) -> (a, b, c, d) {
  a = A @ x
  b = exp(x) / x
  c = sum(A)
  d = solve(A, x)
}
""")
        for value in (np.nan, np.inf, -np.inf):
            np.save(self.path("A.npy"), np.full((5, 5), value))
            np.save(self.path("x.npy"), np.full(5, value))
            done = subprocess.run([otium.OTIUM, "run", "g.otm", "A=A.npy", "x=x.npy"],
                                  cwd=self.folder, capture_output=True, timeout=60)
            self.assertIn(done.returncode, (FINE, RUN_FAILED), done.stderr)
            self.otium("run", "f.otm", "x=x.npy")

    def test_an_element_that_does_not_fit(self):
        for declared, value, words in (
                ("i32[m, n]", "[[1, 2], [2.5, 3]]", "element [1, 0] is 2.5, which is no i32"),
                ("i32[]", "2.5", "x=2.5: 2.5 is no i32"),
                ("i32[n]", "[1, 3000000000]", "element [1] is 3000000000, which is no i32, it is too large"),
                ("f32[n]", "[1j]", "element [0] is 1j, which is no f32, it is complex"),
                ("bool[n]", "[true, 2]", "a bool is true, false, 1 or 0")):
            self.write("f.otm", f"graph f(x: {declared}) -> y {{\n  y = x\n}}\n")
            self.fails(value, "otium: error: x=", words)

    def test_shapes_are_told_with_their_declarations(self):
        self.write("g.otm", "graph g(\n    A: f64[m, n],\n    x: f64[n]) -> y {\n  y = A @ x\n}\n")
        error = self.otium("run", "g.otm", "A=[[1, 2]]", "x=[1, 2, 3]", code=BAD_INPUT).err
        self.assertIn("g.otm:3:5: error: x is [3], declared f64[n]: n is 2, not 3 (n comes from A, "
                      "which is [1, 2])\n  3 |     x: f64[n]) -> y {\n", error)
        self.assertIn("g.otm:2:5: note: A is declared here as f64[m, n]\n", error)
        error = self.otium("run", "g.otm", "A=[1, 2]", "x=[1, 2]", code=BAD_INPUT).err
        self.assertIn("g.otm:2:5: error: A is [2], declared f64[m, n]: it has 1 dimension, not 2", error)
        error = self.otium("run", "g.otm", "A=[[1, 2]]", code=BAD_INPUT).err
        self.assertIn("g.otm:3:5: error: the input x: f64[n] is missing", error)
        np.save(self.path("x.npy"), np.ones(2, np.float32))
        error = self.otium("run", "g.otm", "A=[[1, 2]]", "x=x.npy", code=BAD_INPUT).err
        self.assertIn("g.otm:3:5: error: x=x.npy: the file holds f32[2], x is declared f64[n]", error)

    def test_a_failure_of_what_was_declared(self):
        for call in ("cholesky(A)", "solve(A, A)", "cholesky(A.T)"):
            self.write("g.otm", f"graph g(A: f64[n, n] spd) -> L {{\n  L = {call}\n}}\n")
            error = self.otium("run", "g.otm", "A=[[1, 2], [2, 1]]", code=BAD_INPUT).err
            self.assertIn(": A is declared spd, but the leading minor of order 2 is not positive "
                          "definite", error)
            self.assertIn("g.otm:2:7: error: ", error)
            self.assertIn("g.otm:1:9: note: A is declared spd here\n", error)
            self.write("g.otm", f"graph g(A: f64[n, n]) -> L {{\n  L = {call}\n}}\n")
            if call != "solve(A, A)":  # Indefinite is not singular.
                self.otium("run", "g.otm", "A=[[1, 2], [2, 1]]", code=RUN_FAILED)
        # Of a matrix that is computed nobody promised anything.
        self.write("g.otm", "graph g(A: f64[n, n] symmetric) -> L {\n  L = cholesky(-A @ A)\n}\n")
        self.otium("run", "g.otm", "A=[[1, 1], [1, 1]]", code=RUN_FAILED)

    def test_numerical_failure_says_where(self):
        self.write("g.otm", "graph g(A: f64[n, n]) -> L {\n  L = cholesky(A)\n}\n")
        error = self.otium("run", "g.otm", "A=[[1, 2], [2, 1]]", code=RUN_FAILED).err
        self.assertIn("g.otm:2:7: error: cholesky: the leading minor of order 2", error)
        self.assertIn("  2 |   L = cholesky(A)\n", error)
        document = self.otium("run", "g.otm", "A=[[1, 2], [2, 1]]", "--json", code=RUN_FAILED).json()
        self.assertEqual(document["errors"][0]["position"]["line"], 2)
        self.assertNotIn("results", document)


class Limits(otium.CliTest):
    def setUp(self):
        super().setUp()
        self.write("addmv.otm", otium.ADDMV)
        self.big = ["addmv.otm", "--random-missing", "--size", "m=400", "--size", "n=3"]

    def test_memory(self):
        self.otium("run", *self.big, "--memory-limit", "1M")
        error = self.otium("run", *self.big, "--memory-limit", "1K", code=NO_DEVICE).err
        self.assertIn("limit", error)
        for text in ("1X", "-5", "", "nan"):
            error = self.otium("run", *self.big, f"--memory-limit={text}", code=USAGE).err
            self.assertIn("--memory-limit", error)
        error = self.otium("run", *self.big, "--memory-limit", "1X", code=USAGE).err
        self.assertIn("error: --memory-limit: '1X' is not a number of bytes", error)

    def test_devices(self):
        self.otium("run", *self.big, "--device", "cpu")
        error = self.otium("run", *self.big, "--device", "cuda:7", code=NO_DEVICE).err
        self.assertIn("--device-model", error)
        self.write("pinned.otm", "graph f(x: f32[3]) -> y {\n  y = x + 1 on cuda\n}\n")
        error = self.otium("run", "pinned.otm", "x=[1, 2, 3]", "--cast", code=NO_DEVICE).err
        self.assertIn("pinned.otm:2:7: error: add is wanted on cuda:0", error)
        self.assertIn("--device-model", error)

    def test_a_described_device_does_not_run(self):
        self.otium("explain", *self.big, "--device", "cuda", "--device-model", "h200")
        self.otium("run", *self.big, "--device", "cuda", "--device-model", "h200", code=NO_DEVICE)


class Interrupted(otium.CliTest):
    def interrupt(self, *arguments):
        # -o files are absent when the run was interrupted.
        process = subprocess.Popen([otium.OTIUM, *arguments], cwd=self.folder,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   env={**os.environ, "OTIUM_CACHE_DIR": self.path("cache")})
        time.sleep(1)
        self.assertIsNone(process.poll(), "finished before it could be interrupted")
        start = time.monotonic()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, INTERRUPTED, err)
        # A step is cut off after two seconds; machines are slow at times.
        self.assertLess(time.monotonic() - start, 30)
        return out

    def test_a_long_run(self):
        self.write("addmv.otm", otium.ADDMV)
        run = ["run", "addmv.otm", "--random-missing", "--size", "m=100", "--size", "n=100",
               "--repeat", "1000000000"]
        self.assertEqual(self.interrupt(*run, "-o", "z.npy"), b"")
        self.assertFalse((self.folder / "z.npy").exists())
        document = json.loads(self.interrupt(*run, "--json"))
        self.assertEqual((document["exit_code"], document["status"]), (INTERRUPTED, "interrupted"))

    def test_a_file_that_does_not_come(self):
        self.write("f.otm", "graph f(x: f64[n]) -> y {\n  y = x + 1\n}\n")
        for name in ("pipe.npy", "pipe.otm"):
            os.mkfifo(self.path(name))
        self.assertEqual(self.interrupt("run", "f.otm", "x=pipe.npy"), b"")
        self.assertEqual(self.interrupt("check", "pipe.otm"), b"")

    def test_a_long_step(self):
        self.write("f.otm", "graph f(A: f64[n, n]) -> C {\n  C = A @ A\n}\n")
        self.interrupt("run", "f.otm", "--random-missing", "--size", "n=300", "--check",
                       "--repeat", "100000000")


if __name__ == "__main__":
    otium.main()
