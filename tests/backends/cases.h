// SPDX-License-Identifier: Apache-2.0
//
// Random applications of an op that a kernel line accepts, and their comparison
// with the reference.

#ifndef OTIUM_TESTS_BACKENDS_CASES_H_
#define OTIUM_TESTS_BACKENDS_CASES_H_

#include <optional>
#include <random>
#include <string>
#include <vector>

#include "backends/backend.h"
#include "engine/base/tensor.h"
#include "engine/graph/attributes.h"

namespace otium {

struct KernelCase {
  const OpDef* op = nullptr;
  Attributes attributes;
  std::vector<std::optional<Tensor>> operands;  // Empty: missing.
  std::vector<PhysicalType> operand_types;
  std::vector<PhysicalType> result_types;
  // The result can be compared element by element to factor * eps * magnitude.
  double error_factor = 8;

  std::string Describe() const;
};

// A random call that the kernel accepts, or nothing when this draw is not one.
std::optional<KernelCase> MakeCase(const Kernel& kernel, DType dtype, std::mt19937& random);

// Empty when they agree, else where they do not.
std::string CompareWithReference(const Kernel& kernel, const KernelCase& c);

}  // namespace otium

#endif  // OTIUM_TESTS_BACKENDS_CASES_H_
