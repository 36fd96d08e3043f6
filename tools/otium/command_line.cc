// SPDX-License-Identifier: Apache-2.0
#include "tools/otium/command_line.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "engine/graph/text/diagnostics.h"
#include "engine/version.h"
#include "tools/otium/help.h"
#include "tools/otium/option_values.h"

namespace otium::cli {
namespace {

constexpr char kInputs[] = "Inputs";
constexpr char kResults[] = "Results";
constexpr char kExecution[] = "Execution";
constexpr char kInspection[] = "Inspection";
constexpr char kGeneral[] = "General";

// An option that may be given several times, one value each.
CLI::Option* AddList(CLI::App* app, const std::string& name, std::vector<std::string>* values,
                     const std::string& description) {
  return app->add_option(name, *values, description)->allow_extra_args(false);
}

void AddInputs(CLI::App* app, Options* o) {
  app->add_option("NAME=VALUE", o->values, "Inputs")->type_name("");
  AddList(app, "--size", &o->sizes, "Bind a size that no input does")
      ->type_name("NAME=N")->group(kInputs);
  app->add_flag("--random-missing", o->random_missing,
                "Make what is not given: random, as it is declared")
      ->group(kInputs);
  app->add_option("--seed", o->seed, "Of random inputs and random ops (default 0)")
      ->type_name("N")->check(WholeNumber(0, UINT64_MAX))->group(kInputs);
  app->add_flag("--cast", o->cast, "Convert what is read to the declared dtype")->group(kInputs);
  app->add_flag("--no-mmap", o->no_mmap, "Read files instead of mapping them")->group(kInputs);
}

void AddExecution(CLI::App* app, Options* o) {
  app->add_option("--device", o->device, "auto, cpu, cuda or cuda:N")
      ->type_name("NAME")->group(kExecution);
  app->add_option("--device-model", o->device_model,
                  "Plan also for an absent h200, h100, a100 or rtx4090")
      ->type_name("NAME")->group(kExecution);
  app->add_option("--threads", o->threads, "How wide to run (default: every core)")
      ->type_name("N")->check(WholeNumber(1, 1024))->group(kExecution);
  app->add_option("--math", o->math, "strict, standard or fast")
      ->type_name("MODE")->check(OneOf({"strict", "standard", "fast"}))->group(kExecution);
  app->add_option("--memory-limit", o->memory_limit, "Refuse plans that need more: 512M, 2G")
      ->type_name("BYTES")->group(kExecution);
  app->add_flag("--no-optimize", o->no_optimize, "Run the graph as it is written")
      ->group(kExecution);
  AddList(app, "--disable-pass", &o->disabled_passes, "Leave out one pass")
      ->type_name("NAME")->group(kExecution);
}

// The option that wants a run.
CLI::Option* AddDumps(CLI::App* app, Options* o) {
  app->add_option("--dump-passes", o->dump_passes, "Write the graph after each pass to a folder")
      ->type_name("DIR")->group(kInspection);
  return app->add_option("--profile", o->profile, "Write a Chrome trace of the run")
      ->type_name("FILE")->group(kInspection);
}

CLI::Option* AddRepeat(CLI::App* app, Options* o) {
  return app->add_option("--repeat", o->repeat, "Run so often, and say how long it took")
      ->type_name("N")->check(WholeNumber(1, 1000000000))->group(kInspection);
}

void AddFile(CLI::App* app, const std::string& name, std::string* to) {
  app->add_option(name, *to, "")->required()->type_name("");
}

void AddLoad(CLI::App* app, Options* o) {
  app->add_flag("--load-anywhere", o->load_anywhere,
                "Let load() in the graph file leave its folder")->group(kInputs);
}

void AddGeneral(CLI::App* app, Options* o) {
  app->add_flag("--json", o->json, "One JSON document on stdout, errors included")
      ->group(kGeneral);
  app->add_option("--color", o->color, "auto, always or never")
      ->type_name("WHEN")->check(OneOf({"auto", "always", "never"}))->group(kGeneral);
  app->add_flag("--quiet,-q", o->quiet, "No remarks and no warnings on stderr")->group(kGeneral);
}

void AddOptions(const std::string& command, CLI::App* app, Options* o) {
  if (command == "run" || command == "explain" || command == "viz" || command == "bench") {
    AddFile(app, "FILE", &o->file);
    AddInputs(app, o);
    AddLoad(app, o);
    if (command == "run") {
      AddList(app, "-o,--output", &o->outputs,
              "Write a result (z=z.npy), all (out.npz), or to stdout")
          ->type_name("NAME=FILE")->group(kResults);
      app->add_flag("--full", o->full, "Print all elements, however many")->group(kResults);
      app->add_flag("--check", o->check, "Compare all results with the reference backend")
          ->group(kResults);
      auto* expect = AddList(app, "--expect", &o->expected, "Compare a result with a file")
                         ->type_name("NAME=FILE")->group(kResults);
      app->add_option("--rtol", o->rtol, "Relative tolerance of --expect (default: by dtype)")
          ->type_name("X")->check(Nonnegative())->needs(expect)->group(kResults);
      app->add_option("--atol", o->atol, "Absolute tolerance of --expect (default: by dtype)")
          ->type_name("X")->check(Nonnegative())->needs(expect)->group(kResults);
    }
    if (command == "viz") {
      app->add_option("-o,--output", o->target, "Where to: out.html, .svg, .dot, .json or .txt")
          ->type_name("FILE")->group(kResults);
    }
    AddExecution(app, o);
    CLI::Option* profile = AddDumps(app, o);
    if (command == "explain" || command == "viz") {
      profile->needs(app->add_flag("--analyze", o->analyze,
                                   "Run the plan, and show what was measured")
                         ->group(kInspection));
    }
    if (command == "explain") {
      app->add_flag("--passes", o->passes, "Show what each pass changed, as a diff")
          ->group(kInspection);
    }
    if (command == "run" || command == "bench") AddRepeat(app, o);
  } else if (command == "check") {
    AddFile(app, "FILE", &o->file);
    AddLoad(app, o);
    app->add_flag("--no-mmap", o->no_mmap, "Read files instead of mapping them")->group(kInputs);
  } else if (command == "fmt") {
    AddFile(app, "FILE", &o->file);
    AddLoad(app, o);
    auto* write = app->add_flag("--write,-w", o->write, "Change FILE in place")->group(kResults);
    auto* check = app->add_flag("--check", o->check, "Print nothing; exit with 6 when FILE would "
                                "change")->group(kResults);
    auto* canonical = app->add_flag("--canonical", o->canonical,
                                    "Print what is understood: one op a line, fully typed")
                          ->group(kResults);
    write->excludes(check)->excludes(canonical);
    check->excludes(canonical);
  } else if (command == "convert") {
    AddFile(app, "IN", &o->file);
    AddFile(app, "OUT", &o->target);
    app->add_flag("--no-mmap", o->no_mmap, "Read files instead of mapping them")->group(kInputs);
  } else if (command == "ops") {
    app->add_option("NAME", o->file, "")->type_name("");
  } else if (command == "devices") {
    app->add_option("--device-model", o->device_model, "Describe a GPU that is not here, too")
        ->type_name("NAME")->group(kExecution);
  } else if (command == "calibrate") {
    app->add_option("--threads", o->threads, "How wide to run (default: every core)")
        ->type_name("N")->check(WholeNumber(1, 1024))->group(kExecution);
  }
  AddGeneral(app, o);
}

std::string OptionName(const CLI::Option& option) {
  std::vector<std::string> names;
  for (const std::string& s : option.get_snames()) names.push_back("-" + s);
  for (const std::string& l : option.get_lnames()) names.push_back("--" + l);
  return absl::StrCat(absl::StrJoin(names, ", "), option.get_type_name().empty() ? "" : " ",
                      option.get_type_name());
}

// The options of a command, by group; short: their names, wrapped.
std::string OptionsText(const CLI::App& app, bool whole) {
  std::string text;
  for (absl::string_view group : {kInputs, kResults, kExecution, kInspection, kGeneral}) {
    std::string line = absl::StrCat("  ", group, ":");
    bool any = false;
    for (const CLI::Option* option : app.get_options()) {
      if (option->get_group() != std::string(group) || option->get_positional()) continue;
      const std::string name = OptionName(*option);
      if (whole) {
        if (!any) absl::StrAppend(&text, group, ":\n");
        absl::StrAppendFormat(&text, "  %-24s %s\n", name, option->get_description());
      } else {
        const std::string word = absl::StrCat(" [", name, "]");
        if (line.size() + word.size() > 79) {
          absl::StrAppend(&text, line, "\n");
          line = "     ";
        }
        absl::StrAppend(&line, word);
      }
      any = true;
    }
    if (!any) continue;
    absl::StrAppend(&text, whole ? "" : line, "\n");
  }
  return text;
}

std::string CommandText(const CLI::App& app, const CommandHelp& help, bool whole) {
  std::string text = absl::StrCat("usage: otium ", help.usage, "\n");
  if (!whole) {
    return absl::StrCat(text, "\n", help.summary, "\n\n", OptionsText(app, false),
                        "\notium ", help.name, " --help says what they mean\n");
  }
  absl::StrAppend(&text, "\notium ", help.name, ": ", help.summary, "\n\n", help.details,
                  help.details.empty() ? "" : "\n", OptionsText(app, true));
  if (app.get_option_no_throw("--size") != nullptr) absl::StrAppend(&text, kValueForms, "\n");
  return absl::StrCat(text, "Examples:\n", help.examples, "\n", kExitCodes);
}

std::string ProgramText(bool whole) {
  std::string text =
      "usage: otium COMMAND ...\n\n"
      "Otium runs graphs of linear algebra, planned first.\n\n";
  for (const CommandHelp& c : AllCommands()) {
    absl::StrAppendFormat(&text, "  %-10s %s\n", c.name, c.summary);
  }
  if (!whole) return absl::StrCat(text, "\notium COMMAND -h is short, otium COMMAND --help whole\n");
  absl::StrAppend(&text, "\nOptions:\n"
                  "  -h, --help   Short, and whole; also after a command\n"
                  "  --version    Which Otium this is; also with --json\n\n", kValueForms, "\nExamples:\n");
  for (const CommandHelp& c : AllCommands()) absl::StrAppend(&text, c.examples);
  return absl::StrCat(text, "\n", kExitCodes);
}

// "otium run". CLI11 names the root after the program's path.
std::string CommandOf(const CLI::App& app) {
  return app.get_parent() == nullptr ? "otium" : absl::StrCat("otium ", app.get_name());
}

// "--randommissing": the option that was probably meant.
std::string OptionHelp(const CLI::App& app, absl::string_view wrong) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& l : option->get_lnames()) names.push_back("--" + l);
  }
  const std::vector<absl::string_view> candidates(names.begin(), names.end());
  const absl::string_view closest = ClosestName(wrong.substr(0, wrong.find('=')), candidates);
  if (!closest.empty()) return absl::StrCat("did you mean ", closest, "?");
  return absl::StrCat(CommandOf(app), " -h lists the options");
}

// "--write and --check do not go together": CLI11's words, in ours where they are not
// clear. What option_values.h says is ours already.
std::string Words(const CLI::ParseError& error, const CLI::App& app) {
  const std::string text = error.what();
  if (dynamic_cast<const CLI::ExcludesError*>(&error) != nullptr) {
    const std::vector<std::string> names = absl::StrSplit(text, " excludes ");
    return absl::StrCat(absl::StrJoin(names, " and "), " do not go together");
  }
  if (dynamic_cast<const CLI::RequiresError*>(&error) != nullptr) {
    const std::vector<std::string> names = absl::StrSplit(text, " requires ");
    return absl::StrJoin(names, " says nothing without ");
  }
  if (dynamic_cast<const CLI::RequiredError*>(&error) != nullptr) {
    return absl::StrCat(absl::StripSuffix(text, " is required"), " is missing");
  }
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) == nullptr) return text;
  for (const CLI::Option* option : app.get_options()) {
    const std::string& name = option->get_name();
    if (!absl::StartsWith(text, absl::StrCat(name, ":"))) continue;
    if (absl::StrContains(text, "missing") || absl::StrContains(text, "At least")) {
      return absl::StrCat(name, " needs a value, ", option->get_type_name());
    }
    return absl::StrCat(name, " is given more than once");
  }
  return text;
}

// `first` is the first argument.
void Explain(const CLI::ParseError& error, const CLI::App& root, absl::string_view first,
             ParsedCommandLine* parsed) {
  const std::vector<CLI::App*> chosen = root.get_subcommands();
  const CLI::App& app = chosen.empty() ? root : *chosen[0];
  parsed->error = Words(error, app);
  parsed->help = absl::StrCat(CommandOf(app), chosen.empty() ? " -h lists the commands" : " -h says how");
  if (!chosen.empty()) parsed->command = app.get_name();
  if (dynamic_cast<const CLI::ExtrasError*>(&error) == nullptr) return;
  const std::vector<std::string> extras = root.remaining(/*recurse=*/true);
  if (extras.empty()) return;
  const std::string& wrong = extras[0];
  const bool is_option = absl::StartsWith(wrong, "-");
  if (!chosen.empty() && is_option && wrong == first) {
    parsed->error = absl::StrCat(wrong, " stands before the command, where no option may");
  } else if (chosen.empty() && !is_option) {
    std::vector<absl::string_view> names;
    for (const CommandHelp& c : AllCommands()) names.push_back(c.name);
    const absl::string_view closest = ClosestName(wrong, names);
    parsed->error = absl::StrCat("there is no command '", wrong, "'");
    if (!closest.empty()) parsed->help = absl::StrCat("did you mean otium ", closest, "?");
  } else if (is_option) {
    parsed->error = absl::StrCat("there is no option ", wrong);
    parsed->help = OptionHelp(app, wrong);
  } else {
    parsed->error = absl::StrCat(wrong, ": one argument too many");
  }
}

}  // namespace

ParsedCommandLine ParseCommandLine(int argc, char** argv) {
  ParsedCommandLine parsed;
  for (int i = 1; i < argc; ++i) parsed.json = parsed.json || std::strcmp(argv[i], "--json") == 0;
  if (argc < 2) {
    parsed.error = "no command is given";
    parsed.help = "otium -h lists the commands";
    return parsed;
  }
  auto options = std::make_unique<Options>();
  CLI::App root;
  root.set_help_flag("-h");
  root.set_help_all_flag("--help");
  bool version = false;
  root.add_flag("--version", version);
  // Commands have a --json of their own, behind them.
  if (std::find(argv + 1, argv + argc, absl::string_view("--version")) != argv + argc) {
    root.add_flag("--json");
  }
  root.prefix_command(false);
  for (const CommandHelp& c : AllCommands()) {
    // A command has options of its own; making those of all would take longer
    // than parsing the one that is there.
    CLI::App* app = root.add_subcommand(std::string(c.name));
    app->set_help_flag("-h");
    app->set_help_all_flag("--help");
    if (c.name == argv[1]) AddOptions(std::string(c.name), app, options.get());
  }
  try {
    root.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    const auto chosen = root.get_subcommands();
    parsed.text = chosen.empty() ? ProgramText(false)
                                 : CommandText(*chosen[0], *FindCommand(chosen[0]->get_name()), false);
    return parsed;
  } catch (const CLI::CallForAllHelp&) {
    const auto chosen = root.get_subcommands();
    parsed.text = chosen.empty() ? ProgramText(true)
                                 : CommandText(*chosen[0], *FindCommand(chosen[0]->get_name()), true);
    return parsed;
  } catch (const CLI::ParseError& error) {
    Explain(error, root, argv[1], &parsed);
    return parsed;
  }
  const auto chosen = root.get_subcommands();
  if (version) {
    // The document has the version.
    parsed.command = "--version";
    if (!parsed.json) parsed.text = absl::StrCat("otium ", Version(), "\n");
    return parsed;
  }
  if (chosen.empty()) {
    parsed.error = "no command is given";
    parsed.help = "otium -h lists the commands";
    return parsed;
  }
  options->command = chosen[0]->get_name();
  parsed.options = std::move(*options);
  return parsed;
}

}  // namespace otium::cli
