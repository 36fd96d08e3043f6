// SPDX-License-Identifier: Apache-2.0
//
// What a check of declared structure asks of rows of numbers, of complex ones their parts. T is
// float or double.
//
// Tested by tests/cpu/structure_test.cc.

#ifndef OTIUM_BACKENDS_CPU_STRUCTURE_KERNEL_H_
#define OTIUM_BACKENDS_CPU_STRUCTURE_KERNEL_H_

#include <cstdint>

namespace otium::cpu {

template <class T>
struct RowDifference {
  T magnitude = 0;   // The largest in either row; NaN when a number is not finite.
  T difference = 0;  // The largest between them, of finite numbers.
};

template <class T>
struct StructureKernels {
  bool (*all_zero)(const T* x, int64_t n);
  // With y; or, `conjugate`, with the conjugates of what y are the parts of.
  RowDifference<T> (*compare)(const T* x, const T* y, int64_t n, bool conjugate);
};

// Of the best target of this machine.
template <class T>
const StructureKernels<T>& BestStructureKernels();

}  // namespace otium::cpu

#endif  // OTIUM_BACKENDS_CPU_STRUCTURE_KERNEL_H_
