// SPDX-License-Identifier: Apache-2.0
//
// Small files that survive the process: $OTIUM_CACHE_DIR, else
// $XDG_CACHE_HOME/otium, else ~/.cache/otium. Private to the user, written whole
// or not at all, safe to delete and to share between processes. Whoever reads one
// checks it and makes it anew when it is not right.

#ifndef OTIUM_ENGINE_BASE_CACHE_DIR_H_
#define OTIUM_ENGINE_BASE_CACHE_DIR_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/base/export.h"

namespace otium {

// The folder, which need not exist; empty when no home is known.
OTIUM_EXPORT std::string CacheDir();
// kNotFound when there is none; at most 16 MiB.
OTIUM_EXPORT absl::StatusOr<std::string> ReadCacheFile(absl::string_view name);
// Makes the folder when needed (mode 0700); temporary file and rename.
OTIUM_EXPORT absl::Status WriteCacheFile(absl::string_view name, absl::string_view content);

}  // namespace otium

#endif  // OTIUM_ENGINE_BASE_CACHE_DIR_H_
