# SPDX-License-Identifier: Apache-2.0
"""otium explain on terminals of any width, and in pipes."""

import os
import re

import otium
import terminal
from explaining import GRAM, ExplainTest


class Terminals(ExplainTest):
    def on_terminal(self, columns, *arguments, env=None):
        """What a terminal of that width gets, line by line."""
        environment = {**os.environ, "OTIUM_CACHE_DIR": self.path("cache"), "TERM": "xterm",
                       "NO_COLOR": "", **(env or {})}
        text, code, err = terminal.on_terminal(self.folder, "stdout", arguments, environment, columns)
        self.assertEqual(code, otium.FINE, err)
        return text

    @staticmethod
    def plain(text):
        return re.sub(r"\033\[[0-9;]*m", "", text)

    @staticmethod
    def words(text):
        """All characters but blanks and the lines of the tree."""
        return "".join(re.sub(r"^[|` ]*(- )?", "", line) for line in text.splitlines()
                       ).replace(" ", "")

    def test_nothing_is_lost(self):
        long_name = "a_name_that_is_longer_than_a_narrow_terminal_is_wide"
        self.write("wide.otm", f"graph wide({long_name}: f64[n, n], x: f64[n]) -> z {{\n"
                   f"  z = ({long_name} @ x + x) @ {long_name}\n}}\n")
        for arguments in (["wide.otm", "--size", "n=8"], ["gram.otm", *self.sizes],
                          ["pick.otm", "--size", "n=5"], ["long.otm", "--size", "n=8"],
                          ["addmv.otm", *self.sizes, "--device", "cuda", "--device-model",
                           "h200"]):
            whole = self.explain(*arguments)
            for columns in (40, 80, 200):
                shown = self.plain(self.on_terminal(columns, "explain", *arguments))
                self.assertEqual(self.words(shown), self.words(whole), (arguments, columns))
                for line in shown.splitlines():
                    self.assertLessEqual(len(line), columns, line)
            # A terminal that is wide enough gets what a pipe gets.
            widest = max(map(len, whole.splitlines()))
            self.assertGreater(widest, 40)
            self.assertEqual(self.plain(self.on_terminal(widest, "explain", *arguments)), whole)

    def test_diffs_too(self):
        arguments = ["net.otm", "--size", "t=64", "--size", "d=96", "--passes"]
        whole = self.explain(*arguments)
        shown = self.on_terminal(40, "explain", *arguments)
        self.assertEqual(self.words(self.plain(shown)), self.words(whole))
        self.assertLessEqual(max(map(len, self.plain(shown).splitlines())), 40)

    def test_lines_hang_under_the_tree(self):
        shown = self.plain(self.on_terminal(40, "explain", "addmv.otm", *self.sizes))
        self.assertIn("\n|    reads   y: f64[60] (input),\n"
                      "|            A: f64[60, 8] (input),\n"
                      "|            x: f64[8] (input)\n", shown)

    def test_positions_stay_whole(self):
        for name in ("gram.otm", "a_name_of_middling_len.otm", "a_name_as_long_as_possible_.otm"):
            self.write(name, GRAM)
            whole = self.explain(name, *self.sizes)
            positions = re.findall(rf"{name}:\d+:\d+", whole)
            self.assertGreater(len(positions), 2)
            shown = self.plain(self.on_terminal(40, "explain", name, *self.sizes))
            self.assertEqual(re.findall(rf"{name}:\d+:\d+", shown), positions)
            self.assertLessEqual(max(map(len, shown.splitlines())), 40)
        # One that is longer than a line is cut behind a slash or the like, not in its numbers.
        name = "one_that_is_longer/than_a_line_is_wide/for_it_has_folders.otm"
        (self.folder / name).parent.mkdir(parents=True)
        self.write(name, GRAM)
        shown = self.plain(self.on_terminal(40, "explain", name, *self.sizes))
        self.assertRegex(shown, r"(?m)than_a_$")
        self.assertEqual(re.findall(r"folders\.otm:\d+:\d+", shown),
                         re.findall(r"folders\.otm:\d+:\d+", self.explain(name, *self.sizes)))

    def test_width(self):
        whole = self.explain("gram.otm", *self.sizes)

        def widest(columns, env=None):
            return max(map(len, self.plain(self.on_terminal(
                columns, "explain", "gram.otm", *self.sizes, env=env)).splitlines()))
        # A terminal that does not know its width: COLUMNS, else 80.
        self.assertLessEqual(widest(0, {"COLUMNS": "50"}), 50)
        self.assertGreater(widest(0, {"COLUMNS": "70"}), 50)
        self.assertLessEqual(widest(0, {"COLUMNS": "none"}), 80)
        self.assertLessEqual(widest(60, {"COLUMNS": "200"}), 60)
        # A pipe is no terminal, whatever COLUMNS says.
        self.assertEqual(self.explain("gram.otm", *self.sizes, env={"COLUMNS": "40"}), whole)

    def test_colour(self):
        arguments = ["explain", "addmv.otm", *self.sizes, "--passes"]
        pipe = self.otium(*arguments).out
        self.assertNotIn("\033", pipe)
        shown = self.on_terminal(200, *arguments)
        self.assertIn("\033[32m+  v0: f64[60] = mv(A, x)\033[0m\n", shown)
        self.assertIn("\033[31m-  v0: f64[60] = matmul(A, x)\033[0m\n", shown)
        self.assertEqual(self.plain(shown), pipe)
        self.assertNotIn("\033", self.on_terminal(200, *arguments, env={"NO_COLOR": "1"}))
        self.assertNotIn("\033", self.on_terminal(200, *arguments, env={"TERM": "dumb"}))
        self.assertNotIn("\033", self.on_terminal(200, *arguments, "--color", "never"))
        always = self.otium(*arguments, "--color", "always", env={"NO_COLOR": "1"}).out
        self.assertIn("\033[32m+", always)
        self.assertEqual(self.plain(always), pipe)

    def test_control_characters_do_not_get_through(self):
        name = "evil\033]0;title\a\033[2J\r.otm"
        self.write(name, otium.ADDMV)
        arguments = ["explain", name, *self.sizes, "--passes", "--color", "never"]
        for text in (self.otium(*arguments).out, self.on_terminal(60, *arguments)):
            self.assertIn("evil\N{REPLACEMENT CHARACTER}", text)
            self.assertEqual(re.findall(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", text), [])

    def test_the_same_each_time(self):
        for arguments in (["net.otm", "--size", "t=64", "--size", "d=96", "--passes"],
                          ["long.otm", "--size", "n=8"]):
            self.assertEqual(self.explain(*arguments), self.explain(*arguments))


if __name__ == "__main__":
    otium.main()
