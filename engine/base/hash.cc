// SPDX-License-Identifier: Apache-2.0
#include "engine/base/hash.h"

#include "absl/strings/str_format.h"

namespace otium {

std::string ToHex(Hash128 hash) { return absl::StrFormat("%016x%016x", hash.high, hash.low); }

}  // namespace otium
