// SPDX-License-Identifier: Apache-2.0

#ifndef OTIUM_BACKENDS_REFERENCE_STRUCTURE_H_
#define OTIUM_BACKENDS_REFERENCE_STRUCTURE_H_

namespace otium {

// What elements across the diagonal of a symmetric matrix may differ by, in eps of the
// largest element: what well-made inverses are off by.
inline constexpr double kSymmetryFactor = 100;

}  // namespace otium

#endif  // OTIUM_BACKENDS_REFERENCE_STRUCTURE_H_
