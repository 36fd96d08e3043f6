// SPDX-License-Identifier: Apache-2.0

#ifndef OTIUM_TOOLS_VIZ_PAGE_FILES_H_
#define OTIUM_TOOLS_VIZ_PAGE_FILES_H_

#include "absl/strings/string_view.h"

namespace otium::viz {

// The text of page/`name`, which was embedded when this was built; empty when there is
// no such file.
absl::string_view PageFile(absl::string_view name);

}  // namespace otium::viz

#endif  // OTIUM_TOOLS_VIZ_PAGE_FILES_H_
