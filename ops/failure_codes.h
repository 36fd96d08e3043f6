// SPDX-License-Identifier: Apache-2.0
//
// The codes by which kernels say why an op failed on data, where they are no pivot,
// order or count, which are above 0: OpDef::failure makes words of them.

#ifndef OTIUM_OPS_FAILURE_CODES_H_
#define OTIUM_OPS_FAILURE_CODES_H_

#include <cstdint>

namespace otium {

// Spectra and least squares: an element is NaN or infinite; singular values did not
// converge.
inline constexpr int64_t kNotFinite = -1, kNotConverged = -2;

// assume: an element outside the band is not 0. Others are the bit of the flag, from 1.
inline constexpr int64_t kLowerBandCode = 33, kUpperBandCode = 34;

}  // namespace otium

#endif  // OTIUM_OPS_FAILURE_CODES_H_
