# SPDX-License-Identifier: Apache-2.0
"""What `otium explain --json` says is what tools/otium/README.md says it says: every
member that is there is described, and every member that is described is there, of its type.
"""

import pathlib
import re

import otium
from otium import BAD_GRAPH

README = pathlib.Path(__file__).parents[2] / "tools/otium/README.md"

# The types of members: of a list its element, of an object its members, of alternatives a
# tuple. With `?`: not always there.
NUMBER = float  # Also without a point.
POSITION = {"file": str, "line": int, "column": int, "length": int}
NOTE = {"message": str, "position": (POSITION, None)}
MESSAGE = NOTE | {"notes": [NOTE], "help": str}
OPERAND = {"name": str, "type": str, "layout": str, "place": str, "device": str, "view_of?": str}
REASON = {"fired": bool, "rule": str, "formula": str, "text": str}
RATES = {"flops_per_second": NUMBER, "bytes_per_second": NUMBER, "roofline_share": NUMBER,
         "times_the_estimate?": NUMBER}
MEASURED = {"seconds": NUMBER, "share": NUMBER, "alternative": int, "start": NUMBER, "thread": int,
            "rcond?": NUMBER, **RATES}
STEP = {"kind": str, "op": str, "kernel": str, "alternatives": [str], "region?": str, "device": str,
        "from?": str, "operands": [OPERAND], "results": [OPERAND], "flops": NUMBER, "bytes": NUMBER,
        "estimated_seconds": NUMBER, "roofline_seconds": NUMBER, "workspace_bytes": int,
        "position": str, "reasons": [REASON], "measured?": MEASURED}
PASS = {"name": str, "seconds": NUMBER, "changed": bool, "nodes": int, "fired": int, "refused": int,
        "lines_added?": int, "lines_removed?": int, "diff?": str, "diff_lines_left_out?": int,
        "rules?": [{"rule": str, "formula": str, "fired": int}],
        "refusals?": [{"text": str, "refused": int}]}
MEMORY = {"device": str, "arena_bytes": int, "result_bytes": int, "peak_bytes": int,
          "peak_step": int, "live_bytes": [int]}
SEGMENT = {"steps": [STEP], "passes": [PASS], "reasons": [REASON], "memory": [MEMORY],
           "reserved_bytes": int, "runnable": bool, "planned_later": [str]}
PLAN = {"segments": [SEGMENT], "flops": NUMBER, "bytes": NUMBER, "estimated_seconds": NUMBER,
        "roofline_seconds": NUMBER, "reserved_bytes": int,
        "transfers": [{"from": str, "to": str, "steps": int, "bytes": NUMBER,
                       "estimated_seconds": NUMBER}],
        "by_op": [{"op": str, "steps": int, "seconds": NUMBER, "share": NUMBER}],
        "measured_seconds?": NUMBER, "unattributed_seconds?": NUMBER,
        **{key if key[-1] == "?" else key + "?": of for key, of in RATES.items()}}
DOCUMENT = {"otium": str, "format": int, "command": str, "exit_code": int, "status": str,
            "errors": [MESSAGE], "warnings": [MESSAGE]}


def block_after(words):
    """The indented text of README.md that follows these, without what explains it."""
    text = README.read_text().split(words)[1]
    lines = [re.sub(r"((?<=\S) {3,}|^ {25,}).*", "", line) for line in re.findall(r"(?m)^    .*$", text)]
    end = next(i for i, line in enumerate(lines) if line == "    }")
    return "\n".join(lines[:end + 1])


def described(text):
    """{"a", "b": [{"c": 1}]} as the paths of its members: a, b, b.c. `…` is not looked into."""
    paths, around, key, is_value = [], [], "", False
    for token in re.findall(r'"[^"]*"|[{}:,]|…', text):
        if token == "{":
            around.append(key)
            is_value = False
        elif token == "}":
            around.pop()
        elif token == ":":
            is_value = True
        elif token == ",":
            is_value = False
        elif token[0] == '"' and not is_value:
            key = token[1:-1]
            paths.append(".".join([*around[1:], key]))
        elif token == "…" and key:
            paths.append(".".join([*around[1:], key, "…"] if is_value else [*around[1:], "…"]))
    return paths


def members(schema, path=""):
    """The paths of a table like those above."""
    if isinstance(schema, tuple):
        schema = schema[0]
    if isinstance(schema, list):
        return members(schema[0], path)
    if not isinstance(schema, dict):
        return []
    found = []
    for key, of in schema.items():
        here = f"{path}.{key.rstrip('?')}".lstrip(".")
        found += [here, *members(of, here)]
    return found


class Contract(otium.CliTest):
    def check(self, value, schema, path, seen):
        if isinstance(schema, tuple):
            schema = next(of for of in schema if (of is None) == (value is None))
        if schema is None:
            return
        if isinstance(schema, list):
            self.assertIsInstance(value, list, path)
            for each in value:
                self.check(each, schema[0], path, seen)
        elif isinstance(schema, dict):
            self.assertIsInstance(value, dict, path)
            required = {key for key in schema if key[-1] != "?"}
            optional = {key.rstrip("?") for key in schema if key[-1] == "?"}
            self.assertLessEqual(required, set(value), path)
            self.assertLessEqual(set(value), required | optional, path)
            for key, of in value.items():
                here = f"{path}.{key}".lstrip(".")
                seen.add(here)
                self.check(of, schema[key] if key in schema else schema[key + "?"], here, seen)
        else:
            is_type = type(value) is schema or (schema is NUMBER and type(value) is int)
            self.assertTrue(is_type, f"{path}: {value!r} is no {schema.__name__}")

    def same_members(self, readme, schema):
        """README.md names the members of the table, some with `…` for what it named before."""
        wanted = members(schema)
        elided = tuple(path.removesuffix("…") for path in readme if path.endswith(".…"))
        said = [path for path in readme if not path.endswith("…")]
        self.assertEqual(len(said), len(set(said)), said)
        self.assertEqual(sorted(said), sorted(p for p in wanted if not p.startswith(elided)))

    def test_the_description_is_complete(self):
        self.same_members(described(block_after("A `plan` is")), PLAN)
        # What is like errors is said once.
        readme = described(block_after("later versions of `format` 1 may add members."))
        self.same_members([*readme, "warnings.…"], DOCUMENT)

    def test_what_is_described_is_there(self):
        self.write("addmv.otm", otium.ADDMV)
        self.write("gram.otm", "graph gram(A: f64[m, n], b: f64[n]) -> x {\n"
                   "  x = solve(A.T @ A, b)\n}\n")
        self.write("soft.otm", "graph soft(x: f32[t, d], W: f32[d, e], b: f32[e]) -> (y, p) {\n"
                   "  p = x @ W\n  y = softmax(p + b, dim=1)\n}\n")
        self.write("pick.otm", "graph pick(x: f64[n]) -> y {\n  k = nonzero(x + x)\n"
                   "  y = 2 * k\n}\n")
        # What is nothing in the end has a reason that belongs to no step.
        self.write("twice.otm", "graph twice(x: f64[n]) -> y {\n  y = exp(-(-x))\n}\n")
        sizes = ["--size", "m=60", "--size", "n=8"]
        plans, document = set(), set()
        for arguments in (["gram.otm", *sizes, "--passes", "--analyze"],
                          ["soft.otm", "--passes"],
                          ["twice.otm"],
                          ["pick.otm", "--size", "n=5"],
                          ["pick.otm", "x=[0, 5, 7]", "--analyze"],
                          ["addmv.otm", *sizes, "--device", "cuda", "--device-model", "h200"]):
            said = self.otium("explain", *arguments, "--json").json()
            self.check(said.pop("plan"), PLAN, "", plans)
            self.check(said, DOCUMENT, "", document)
        self.assertEqual(sorted(set(members(PLAN)) - plans), [])
        self.write("bad.otm", "graph bad(A: f64[m, n], b: f64[m]) -> x {\n  x = A @ b\n}\n")
        said = self.otium("explain", "bad.otm", "--json", code=BAD_GRAPH).json()
        self.check(said, DOCUMENT, "", document)
        self.assertEqual((said["format"], said["exit_code"], said["status"]), (1, BAD_GRAPH, "graph"))
        missing = {path for path in set(members(DOCUMENT)) - document
                   if not path.startswith("warnings.")}
        self.assertEqual(missing, set())


if __name__ == "__main__":
    otium.main()
