// SPDX-License-Identifier: Apache-2.0
//
// What the command line said, as one plain struct; command_line.h makes it.

#ifndef OTIUM_TOOLS_OTIUM_OPTIONS_H_
#define OTIUM_TOOLS_OTIUM_OPTIONS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace otium::cli {

struct Options {
  std::string command;
  std::string file;    // FILE of most commands, IN of convert, NAME of ops.
  std::string target;  // OUT of convert.

  // Inputs.
  std::vector<std::string> values;  // NAME=VALUE
  std::vector<std::string> sizes;   // NAME=INTEGER
  bool random_missing = false;
  uint64_t seed = 0;
  bool cast = false;
  bool no_mmap = false;
  bool load_anywhere = false;

  // Results.
  std::vector<std::string> outputs;  // NAME=FILE, FILE.npz, -
  bool full = false;
  bool check = false;
  std::vector<std::string> expected;  // NAME=FILE
  std::optional<double> rtol;
  std::optional<double> atol;

  // How.
  std::string device = "auto";
  std::string device_model;
  int threads = 0;
  std::string math = "standard";
  std::optional<std::string> memory_limit;
  bool no_optimize = false;
  std::vector<std::string> disabled_passes;

  // Looking.
  std::optional<int> repeat;
  std::string profile;
  std::string dump_passes;
  bool analyze = false;
  bool passes = false;

  // fmt.
  bool write = false;
  bool canonical = false;

  bool json = false;
  bool quiet = false;
  std::string color = "auto";
};

}  // namespace otium::cli

#endif  // OTIUM_TOOLS_OTIUM_OPTIONS_H_
