// SPDX-License-Identifier: Apache-2.0
#include "engine/base/cache_dir.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"

#include <unistd.h>

namespace otium {
namespace {

constexpr size_t kMaxCacheFile = size_t{16} << 20;

struct CloseFile {
  void operator()(std::FILE* f) const { std::fclose(f); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

}  // namespace

std::string CacheDir() {
  if (const char* dir = std::getenv("OTIUM_CACHE_DIR"); dir != nullptr && *dir != 0) return dir;
  if (const char* dir = std::getenv("XDG_CACHE_HOME"); dir != nullptr && *dir != 0) {
    return absl::StrCat(dir, "/otium");
  }
  if (const char* dir = std::getenv("HOME"); dir != nullptr && *dir != 0) {
    return absl::StrCat(dir, "/.cache/otium");
  }
  return "";
}

absl::StatusOr<std::string> ReadCacheFile(absl::string_view name) {
  const std::string path = absl::StrCat(CacheDir(), "/", name);
  const File file(std::fopen(path.c_str(), "rb"));
  if (!file) return absl::NotFoundError(path);
  std::string content;
  char chunk[4096];
  while (const size_t n = std::fread(chunk, 1, sizeof(chunk), file.get())) {
    content.append(chunk, n);
    if (content.size() > kMaxCacheFile) return absl::OutOfRangeError(path);
  }
  return content;
}

absl::Status WriteCacheFile(absl::string_view name, absl::string_view content) {
  const std::string dir = CacheDir();
  if (dir.empty()) return absl::NotFoundError("no cache folder: set OTIUM_CACHE_DIR");
  std::error_code error;
  if (std::filesystem::create_directories(dir, error)) {
    std::filesystem::permissions(dir, std::filesystem::perms::owner_all, error);
  }
  const std::string path = absl::StrCat(dir, "/", name);
  const std::string temporary = absl::StrCat(path, ".", getpid(), ".tmp");
  bool written = false;
  if (File file(std::fopen(temporary.c_str(), "wb")); file) {
    written = std::fwrite(content.data(), 1, content.size(), file.get()) == content.size() &&
              std::fflush(file.get()) == 0;
  }
  if (!written || std::rename(temporary.c_str(), path.c_str()) != 0) {
    std::remove(temporary.c_str());
    return absl::UnavailableError(absl::StrCat("cannot write ", path));
  }
  return absl::OkStatus();
}

}  // namespace otium
