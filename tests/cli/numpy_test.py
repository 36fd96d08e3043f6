# SPDX-License-Identifier: Apache-2.0
"""Every op against NumPy: dtypes, shapes, layouts, planned and unplanned.

The cases of numpy_cases.py and numpy_linalg_cases.py are written into graph files of some thirty each, and
run by one process a file. Each input comes in one of four layouts: C order,
Fortran order, transposed by the graph, or a slice of something larger. Expected
values are computed in f64 or c128; an element may err by a few roundings of its
own dtype for each term that went into it.
"""

import os
import re
import unittest

import numpy as np

import numpy_case
import numpy_cases  # The tables: numpy_case.CASES grows by them.
import numpy_linalg_cases
import otium

PER_FILE = 30
EPSILON = {"f16": 2.0**-10, "f32": 2.0**-23, "f64": 2.0**-52, "c64": 2.0**-23, "c128": 2.0**-52}


def widen(value):
    return value.astype({"f": np.float64, "c": np.complex128}.get(value.dtype.kind, value.dtype))


class Instance:
    """A case with its inputs: what goes into the graph and what should come out."""

    def __init__(self, number, case, dtypes, random):
        self.name = f"case{number}"
        self.case = case
        self.text = case.text
        self.parameters, self.lines, self.arrays = [], [], {}
        values = {}
        for i, (name, spec) in enumerate(case.inputs.items()):
            value = spec.make(random, dtypes[name])
            values[name] = value
            self.add_input(name, value, dtypes[name], layout=(number + i) % 4)
        self.add_steps()
        with np.errstate(all="ignore"):
            wide = case.expected(*map(widen, values.values()))
            narrow = case.expected(*values.values())
        self.expected = [np.asarray(e) for e in (wide if case.results > 1 else (wide,))]
        narrow = narrow if case.results > 1 else (narrow,)
        # NumPy's dtype, where it agrees with PyTorch's rules.
        self.dtypes = [case.out or numpy_case.OTIUM[np.asarray(n).dtype] for n in narrow]
        self.description = f"{case.text} {[f'{k}: {v.dtype}{list(v.shape)}' for k, v in values.items()]}"

    def add_input(self, name, value, dtype, layout):
        own = f"{self.name}_{name}"
        stored, use = value, None
        if layout == 1 and value.ndim >= 2:
            stored = np.asfortranarray(value)
        elif layout == 2 and value.ndim >= 2:
            stored, use = value.swapaxes(-1, -2), f"{own}_.T"
        elif layout == 3 and value.ndim >= 1 and value.size > 0:
            # Every other element of the last dimension, between two that do not
            # belong.
            stored = np.ones(value.shape[:-1] + (2 * value.shape[-1] + 3,), value.dtype)
            stored[..., 1:-2:2] = value
            use = f"{own}_[..., 1:-2:2]" if value.ndim > 1 else f"{own}_[1:-2:2]"
        parameter = own if use is None else own + "_"
        sizes = ", ".join(map(str, stored.shape))
        self.parameters.append(f"{parameter}: {dtype}[{sizes}]")
        self.arrays[parameter] = stored
        if use is not None:
            self.lines.append(f"{own} = {use}")
        self.text = replace_name(self.text, name, own)

    def add_steps(self):
        """What comes before the last "; " becomes lines of its own."""
        for name in {n for step in self.text.split("; ")[:-1]
                     for n in step.split(" = ")[0].split(", ")} - {"_"}:
            self.text = replace_name(self.text, name, f"{self.name}_{name}")
        *steps, self.text = self.text.split("; ")
        self.lines += steps

    def results(self):
        if self.case.results == 1:
            return [self.name]
        return [f"{self.name}_{i}" for i in range(self.case.results)]

    def statements(self):
        return self.lines + [f"{', '.join(self.results())} = {self.text}"]

    def difference(self, outputs):
        """What is wrong with the results; None when nothing is."""
        for name, expected, dtype in zip(self.results(), self.expected, self.dtypes):
            actual = outputs[name]
            if actual.shape != expected.shape:
                return f"shape {actual.shape}, not {expected.shape}"
            if numpy_case.OTIUM[actual.dtype] != dtype:
                return f"dtype {actual.dtype}, not {dtype}"
            wrong = self.wrong_elements(actual, expected, dtype)
            if wrong.any():
                at = tuple(np.argwhere(wrong)[0])
                return f"at {list(map(int, at))}: {actual[at]}, not {expected[at]}"
        return None

    def wrong_elements(self, actual, expected, dtype):
        if dtype not in EPSILON:
            return np.asarray(actual != expected)
        actual = widen(actual)
        with np.errstate(all="ignore"):
            # What overflows in its own dtype is infinite there.
            limit = np.finfo(numpy_case.NUMPY[dtype]).max
            expected = np.where(np.abs(expected) > limit, np.inf * np.sign(expected.real), expected)
            finite = np.isfinite(expected)
            # Sums err by their terms, which may be larger than themselves.
            scale = np.abs(expected)
            if self.case.inner > 1 and finite.any():
                scale = np.maximum(scale, np.abs(expected[finite]).max(initial=1))
            tiny = np.finfo(numpy_case.NUMPY[dtype]).tiny
            allowed = 8 * EPSILON[dtype] * self.case.inner * scale + tiny
            near = np.abs(actual - expected) <= allowed
            same = (actual == expected) | (np.isnan(actual) & np.isnan(expected))
        return ~np.asarray(np.where(finite, near, same))


def replace_name(text, name, own):
    """`text` with the variable `name` called `own`; strings and calls stay."""
    result, i, in_string = [], 0, False
    while i < len(text):
        if text[i] == '"':
            in_string = not in_string
        j = i
        while j < len(text) and (text[j].isalnum() or text[j] == "_"):
            j += 1
        if j == i:
            result.append(text[i])
            i += 1
            continue
        word = text[i:j]
        is_keyword = text[j:j + 1] == "=" and text[j + 1:j + 2] != "="
        is_member = i > 0 and text[i - 1] == "."
        is_call = text[j:j + 1] == "("
        replaced = word == name and not (in_string or is_keyword or is_member or is_call)
        result.append(own if replaced else word)
        i = j
    return "".join(result)


class Numpy(otium.CliTest):
    def instances(self):
        random = np.random.default_rng(1)
        known = {op["name"] for op in self.otium("ops", "--json").json()["ops"]}
        number = 0
        for case in numpy_case.CASES:
            for dtypes in case.dtypes():
                # All numbers are drawn, so that a new op changes no other case.
                instance = Instance(number, case, dtypes, random)
                number += 1
                if case.op in known:
                    yield instance

    def run_file(self, instances, *options):
        parameters = [p for i in instances for p in i.parameters]
        lines = [line for i in instances for line in i.statements()]
        results = [r for i in instances for r in i.results()]
        self.write("cases.otm", f"graph cases({', '.join(parameters)}) -> ({', '.join(results)}) {{\n  "
                   + "\n  ".join(lines) + "\n}\n")
        arrays = {k: v for i in instances for k, v in i.arrays.items()}
        np.savez(self.path("in.npz"), **arrays)
        self.otium("run", "cases.otm", *(f"{name}=in.npz" for name in arrays), "-o", "out.npz",
                   *options)
        with np.load(self.path("out.npz")) as outputs:
            return {name: outputs[name] for name in outputs.files}

    def compare(self, *options):
        instances = list(self.instances())
        self.assertGreater(len(instances), 300)
        wrong = []
        for start in range(0, len(instances), PER_FILE):
            group = instances[start:start + PER_FILE]
            try:
                outputs = self.run_file(group, *options)
            except AssertionError as error:
                # One graph that is refused must not hide the others.
                wrong.append(re.sub(r"case\w+=in.npz ", "", str(error)))
                continue
            for instance in group:
                difference = instance.difference(outputs)
                if difference is not None:
                    wrong.append(f"{instance.description}: {difference}")
        if wrong:
            self.fail(f"{len(wrong)} differ:\n" + "\n".join(wrong))

    def test_planned(self):
        self.compare()

    def test_as_written(self):
        self.compare("--no-optimize")

    def test_dumped_passes(self):
        """What a pass made of a graph is a graph file: it reads and runs as the graph did."""
        instances = list(self.instances())
        wrong = []
        for start in range(0, len(instances), PER_FILE):
            group = instances[start:start + PER_FILE]
            dump = f"dump{start}"
            self.run_file(group, "--dump-passes", dump)
            # Segments after a size that is data begin with what came before.
            names = sorted(n for n in os.listdir(self.path(dump)) if re.match(r"\d\d-.*\.otm$", n))
            for name in (names[0], names[-1]):
                file = f"{dump}/{name}"
                canonical = self.otium("fmt", "--canonical", file).out
                self.assertEqual(canonical, (self.folder / file).read_text(), file)
                inputs = [f"{k}=in.npz" for i in group for k in i.arrays]
                self.otium("run", file, *inputs, "-o", "again.npz")
                with np.load(self.path("again.npz")) as outputs:
                    for instance in group:
                        if not set(instance.results()) <= set(outputs.files):
                            continue
                        difference = instance.difference(outputs)
                        if difference is not None:
                            wrong.append(f"{file}: {instance.description}: {difference}")
        if wrong:
            self.fail(f"{len(wrong)} differ:\n" + "\n".join(wrong))

    def test_every_op_has_a_case(self):
        ops = {op["name"] for op in self.otium("ops", "--json").json()["ops"]}
        missing = ops - {case.op for case in numpy_case.CASES} - numpy_case.NOT_CALLED
        self.assertEqual(missing, set(), f"add them to {numpy_cases.__file__} or {numpy_linalg_cases.__file__}")


if __name__ == "__main__":
    otium.main()
