// SPDX-License-Identifier: Apache-2.0

#include "engine/version.h"

namespace otium {

absl::string_view Version() { return OTIUM_VERSION; }

}  // namespace otium
