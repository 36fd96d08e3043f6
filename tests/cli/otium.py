# SPDX-License-Identifier: Apache-2.0
"""What the tests of the command line share: a folder each, and otium in it.

Every script here is run as: SCRIPT_test.py OTIUM [arguments of unittest].
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

OTIUM = os.path.abspath(sys.argv.pop(1)) if len(sys.argv) > 1 else "otium"

# What the shell is told; README.md of tools/otium has the same table.
FINE, RUN_FAILED, USAGE, BAD_GRAPH, BAD_INPUT, NO_DEVICE, DIFFERS = range(7)
INTERRUPTED = 130

ADDMV = """graph addmv(A: f64[m, n], x: f64[n], y: f64[m]) -> z {
  z = y + A @ x
}
"""


class Result:
    def __init__(self, done):
        self.code = done.returncode
        self.bytes = done.stdout
        self.out = done.stdout.decode(errors="replace")
        self.err = done.stderr.decode(errors="replace")

    def json(self):
        return json.loads(self.out)


class CliTest(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="otium-cli-")
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)

    def path(self, name):
        return str(self.folder / name)

    def write(self, name, text):
        (self.folder / name).write_text(text)
        return name

    def otium(self, *arguments, code=FINE, env=None, stdin=None, timeout=120):
        """Runs otium in the folder of the test and expects that exit code."""
        environment = {**os.environ, "OTIUM_CACHE_DIR": self.path("cache"), **(env or {})}
        done = subprocess.run([OTIUM, *map(str, arguments)], cwd=self.folder, env=environment,
                              input=stdin, capture_output=True, timeout=timeout)
        result = Result(done)
        self.assertEqual(result.code, code,
                         f"otium {' '.join(map(str, arguments))}\n{result.out[:1000]}{result.err[:3000]}")
        return result


def main():
    unittest.main()
