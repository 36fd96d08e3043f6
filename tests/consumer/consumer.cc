// SPDX-License-Identifier: Apache-2.0
//
// Uses nothing but what is installed. Fails by its exit status.

#include <otium/otium.h>

#include <cstdio>
#include <vector>

int main() {
  const otium::Tensor a = otium::Tensor::Of<double>({{1, 2}, {3, 4}});
  const std::vector<double> expected = {1, 2, 3, 4};
  if (a.dtype() != otium::DType::kF64 || a.ToVector<double>() != expected) return 1;
  const absl::string_view version = otium::Version();
  std::printf("otium %.*s\n", static_cast<int>(version.size()), version.data());
  return 0;
}
