// SPDX-License-Identifier: Apache-2.0
#include "tools/otium/help.h"

namespace otium::cli {
namespace {

constexpr CommandHelp kCommands[] = {
    {"run", "run FILE [NAME=VALUE ...] [-o NAME=FILE ...]", "run a graph file",
     "Runs the last graph of FILE on the inputs and prints its results as NumPy would,\n"
     "or writes them with -o. Results are the only thing on stdout.\n",
     "  otium run addmv.otm A=A.npy x=x.npy y=y.npy -o z=z.npy\n"
     "  otium run ridge.otm A=data.npz:A b=data.npz:b lambda=0.5\n"
     "  otium run ridge.otm --random-missing --size m=1000 --size n=100 -o out.npz\n"
     "  otium run ridge.otm A=A.npy b=b.npy --expect x=x.npy --profile trace.json\n"},
    {"check", "check FILE", "parse, infer types, verify; no data needed",
     "Prints the signature of each graph in FILE, with the types of its results, or up\n"
     "to 20 errors, each with its position.\n",
     "  otium check ridge.otm\n"},
    {"explain", "explain FILE [NAME=VALUE ...] [--analyze] [--passes]",
     "the plan as a tree, with reasons and estimates",
     "Shows what will run: steps, kernels, shapes, structure, device, flops, bytes,\n"
     "estimates, memory, transfers, and why each rewrite fired or did not. Inputs that\n"
     "are not given need no data; sizes that nothing binds are taken to be 1000.\n"
     "--analyze also runs the plan and adds what its fastest run took. --passes shows\n"
     "first what each pass changed, as a diff of canonical text, by which rules, and\n"
     "what it refused.\n"
     "On a terminal lines end at its width; in a pipe they are whole.\n",
     "  otium explain ridge.otm --size m=100000 --size n=500\n"
     "  otium explain ridge.otm A=A.npy b=b.npy --analyze\n"
     "  otium explain ridge.otm --passes\n"
     "  otium explain ridge.otm --device-model h200\n"},
    {"viz", "viz FILE [NAME=VALUE ...] [-o out.html|.svg|.dot|.json|.txt]",
     "see the graph, the plan, and how one became the other",
     "Draws the graph of FILE, what each pass made of it, and the plan; the extension of\n"
     "-o says how. Without -o the listing is printed. Inputs that are not given need no\n"
     "data; sizes that nothing binds are taken to be 1000. --analyze also runs the plan\n"
     "and adds what was measured.\n",
     "  otium viz ridge.otm -o ridge.html\n"
     "  otium viz ridge.otm --size m=100000 --size n=500\n"
     "  otium viz ridge.otm A=A.npy b=b.npy --analyze -o ridge.json\n"},
    {"bench", "bench FILE [NAME=VALUE ...]",
     "time it: percentiles, GFLOP/s, GB/s, share of the roofline",
     "Runs the plan for about a second (or --repeat times) after a warm-up. Inputs\n"
     "that are not given are random. The roofline is the cost model's: run otium\n"
     "calibrate for one that is measured on this machine.\n",
     "  otium bench addmv.otm --size m=4000 --size n=4000 --threads 1\n"},
    {"fmt", "fmt FILE [--write | --check]", "print a graph file tidily",
     "Prints FILE with the white space set right and its comments kept. --canonical\n"
     "prints the graphs as Otium understands them: one op a line, fully typed.\n",
     "  otium fmt ridge.otm --write\n"
     "  otium fmt --check ridge.otm || echo not tidy\n"},
    {"convert", "convert IN OUT", "between .npy, .npz and .mtx",
     "Reads the array or arrays of IN and writes them to OUT, each by its extension.\n",
     "  otium convert west.mtx west.npy\n"
     "  otium convert set.npz:weights weights.npy\n"},
    {"ops", "ops [NAME]", "every op, with its doc, types, devices", "",
     "  otium ops\n"
     "  otium ops solve\n"},
    {"devices", "devices", "what there is here, and what the cost model believes of it", "",
     "  otium devices\n"
     "  otium devices --device-model h200 --json\n"},
    {"calibrate", "calibrate", "measure what the cost model believes",
     "Measures products, bandwidths and the cost of a step on this machine, for about\n"
     "ten seconds, and keeps them in the user's cache folder. Plans depend on them, so\n"
     "run it while nothing else does.\n",
     "  otium calibrate --threads 1\n"},
};

}  // namespace

const absl::string_view kValueForms =
    "Values:\n"
    "  A=a.npy A=set.npz:weights A=west.mtx   from a file\n"
    "  x=\"[1, 2, 3]\" lambda=0.5               written out, as in a graph file\n"
    "  A=random A=zeros A=ones A=eye          made, when its sizes are known\n";

const absl::string_view kExitCodes =
    "Exit codes:\n"
    "  0 fine   1 the run failed   2 usage   3 the graph is invalid   4 input data\n"
    "  5 device or memory   6 --check or --expect differs   130 interrupted\n";

absl::Span<const CommandHelp> AllCommands() { return kCommands; }

const CommandHelp* FindCommand(absl::string_view name) {
  for (const CommandHelp& c : kCommands) {
    if (c.name == name) return &c;
  }
  return nullptr;
}

}  // namespace otium::cli
