// SPDX-License-Identifier: Apache-2.0

#ifndef OTIUM_ENGINE_VERSION_H_
#define OTIUM_ENGINE_VERSION_H_

#include "absl/strings/string_view.h"
#include "engine/base/export.h"

namespace otium {

// The version of the library that is running, "MAJOR.MINOR.PATCH"; the build
// takes it from project() in CMakeLists.txt.
OTIUM_EXPORT absl::string_view Version();

}  // namespace otium

#endif  // OTIUM_ENGINE_VERSION_H_
