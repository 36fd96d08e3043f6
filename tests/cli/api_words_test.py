# SPDX-License-Identifier: Apache-2.0
"""The library speaks of its interface, the program of options."""

import pathlib
import re

import otium
from otium import BAD_GRAPH, BAD_INPUT, NO_DEVICE

# Tests run in the root of the repository.
ROOT = pathlib.Path.cwd()
LIBRARY = ("engine", "ops", "backends", "tools/viz")
# Comments and characters are matched so that the quotes in them begin no literal.
TOKEN = re.compile(r'//[^\n]*|/\*.*?\*/|R"(\w*)\((?P<raw>.*?)\)\1"|"(?P<text>(?:\\.|[^"\\\n])*)"'
                   r"|(?<![0-9A-Za-z])'(?:\\.|[^'\\\n])+'", re.DOTALL)


def literals(text):
    """The string literals of C++, those next to each other as one."""
    source = re.sub(r"(?m)^\s*#include.*$", "", text)
    found, end, adjacent = [], 0, False
    for token in TOKEN.finditer(source):
        adjacent = adjacent and not source[end:token.start()].strip()
        end = token.end()
        literal = token["raw"] if token["raw"] is not None else token["text"]
        if literal is not None:
            if adjacent:
                found[-1] += literal
            else:
                found.append(literal)
            adjacent = True
        elif token[0].startswith("'"):
            adjacent = False
    return found


def library_literals():
    for folder in LIBRARY:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in (".cc", ".h", ".cu", ".inc"):
                for literal in literals(path.read_text()):
                    yield path.relative_to(ROOT), literal


class ApiWords(otium.CliTest):
    def test_literals_are_found(self):
        self.assertEqual(literals('a("x" // "no"\n  "y"); b("z\\"--w", \'"\', R"(--raw)") /* "n" */'),
                         ["xy", 'z\\"--w', "--raw"])
        self.assertGreater(sum(1 for _ in library_literals()), 1000)

    def test_the_library_names_no_options(self):
        commands = "run|check|explain|viz|bench|fmt|convert|ops|devices|calibrate"
        wrong = [(str(path), literal) for path, literal in library_literals()
                 if re.search(rf"--[a-z]|\botium ({commands})\b", literal)]
        self.assertEqual(wrong, [])

    def test_each_word_occurs(self):
        source = (ROOT / "tools/otium/api_words.cc").read_text()
        words = re.findall(r'\{"([^"]+)", "([^"]+)"\}', source)
        self.assertGreaterEqual(len(words), 4)
        said = [literal for _, literal in library_literals()]
        for word, option in words:
            self.assertTrue(any(word in literal for literal in said), word)
            # And the program has what it stands for.
            name = option.strip("`")
            if name.startswith("--"):
                self.assertIn(name, self.otium("--help").out + self.otium("run", "--help").out)
            else:
                self.otium(*name.split()[1:])

    def test_the_program_names_options(self):
        self.write("addmv.otm", otium.ADDMV)
        self.write("op.otm", "graph f(x: f64[n]) -> y {\n  y = xyzzyxyzzy(x)\n}\n")
        self.write("size.otm", "graph f(x: f64[n // 2]) -> y {\n  y = x\n}\n")
        (self.folder / "sub").mkdir()
        self.write("sub/load.otm", 'graph f() -> y {\n  y = load("../w.npy")\n}\n')
        random = ["--random-missing", "--size", "m=60", "--size", "n=8"]
        model = ["--device-model", "h200"]
        for arguments, code, words in (
                (["check", "op.otm"], BAD_GRAPH, "`otium ops` lists them"),
                (["run", "size.otm", "x=[1, 2]"], BAD_INPUT, "bind it (--size)"),
                (["check", "sub/load.otm"], BAD_GRAPH, "allow it (--load-anywhere)"),
                (["run", "addmv.otm", *random, *model, "--device", "cuda"], NO_DEVICE,
                 "only described (--device-model)")):
            self.assertIn(words, self.otium(*arguments, code=code).err)
            document = self.otium(*arguments, "--json", code=code).json()
            self.assertIn(words, str(document["errors"]))

    def test_a_pin(self):
        self.write("pin.otm", "graph f(x: f64[n]) -> y {\n  y = exp(x) on cuda\n}\n")
        self.assertIn("(--device-model may describe one to plan for)",
                      self.otium("run", "pin.otm", "x=[1]", "--device", "cpu", code=NO_DEVICE).err)


if __name__ == "__main__":
    otium.main()
