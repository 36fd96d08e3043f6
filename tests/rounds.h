// SPDX-License-Identifier: Apache-2.0
//
// How often tests that draw random cases, or count to a million, do so. A build
// with sanitizers takes tens of times as long for each, so it takes a tenth of
// them; the case that goes wrong is the same one in every build.

#ifndef OTIUM_TESTS_ROUNDS_H_
#define OTIUM_TESTS_ROUNDS_H_

namespace otium {

// `all` of them, or a tenth in a build with sanitizers.
constexpr int Rounds(int all) {
#if defined(OTIUM_TESTS_ARE_SANITIZED)
  return (all + 9) / 10;
#else
  return all;
#endif
}

}  // namespace otium

#endif  // OTIUM_TESTS_ROUNDS_H_
