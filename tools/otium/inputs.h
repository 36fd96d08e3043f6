// SPDX-License-Identifier: Apache-2.0
//
// NAME=VALUE on the command line, made into tensors:
//
//   A=a.npy  A=set.npz:weights  A=west.mtx     files, by their extension
//   x="[1, 2, 3]"  lambda=0.5                  written out
//   A=random  A=zeros  A=ones  A=eye           made, when its sizes are known
//
// All exit codes are Exit::kBadInput, but for what is no NAME=VALUE or names no
// input (kUsage), and memory (kNoDevice).

#ifndef OTIUM_TOOLS_OTIUM_INPUTS_H_
#define OTIUM_TOOLS_OTIUM_INPUTS_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/base/dim.h"
#include "engine/graph/function.h"
#include "engine/run/tensor_map.h"
#include "tools/otium/session.h"

namespace otium::cli {

struct Inputs {
  TensorMap tensors;  // Those with a default may be missing.
  SizeBindings sizes;  // As given by --size; the tensors bind the rest.
  // Every size of the graph's inputs.
  SizeBindings all_sizes;
  // Of `tensors`: those that have no memory (see Missing).
  std::vector<std::string> placeholders;
};

enum class Missing {
  kRefuse,
  // Inputs that were not given are random, and sizes that nothing binds are 1000:
  // enough to measure.
  kRandom,
  // The same, but the tensors have no memory: enough to plan.
  kPlaceholder,
};

absl::StatusOr<Inputs> BindInputs(Session& session, const Function& function, Missing missing);

// "NAME=VALUE" taken apart; Exit::kUsage when it is none. `form` is what the option
// wants ("NAME=FILE"); `option` is empty for inputs.
absl::StatusOr<std::pair<std::string, std::string>> SplitAssignment(absl::string_view text,
                                                                    absl::string_view option,
                                                                    absl::string_view form);

// A tensor with another dtype, as --cast wants it. kInvalidArgument for complex
// to real.
absl::StatusOr<Tensor> CastTensor(const Tensor& tensor, DType dtype);

}  // namespace otium::cli

#endif  // OTIUM_TOOLS_OTIUM_INPUTS_H_
