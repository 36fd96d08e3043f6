// SPDX-License-Identifier: Apache-2.0

#ifndef OTIUM_TESTS_TEXT_TEXT_FILES_H_
#define OTIUM_TESTS_TEXT_TEXT_FILES_H_

#include <fstream>
#include <iterator>
#include <string>

namespace otium {

// The bytes of a file; empty when there is none.
inline std::string ReadFile(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

inline void WriteFile(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

}  // namespace otium

#endif  // OTIUM_TESTS_TEXT_TEXT_FILES_H_
