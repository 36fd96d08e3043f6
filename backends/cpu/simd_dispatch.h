// SPDX-License-Identifier: Apache-2.0
//
// How a file of kernels ends: with the tables of the best SIMD target of this machine, by
// element type. Each target defines a function that gives its own, F32, F64, C64 and C128:
//
//   #if HWY_ONCE
//   namespace otium::cpu {
//   OTIUM_BEST_REAL_KERNELS(PanelKernels)     // BestPanelKernels<float>() and <double>()
//   OTIUM_BEST_COMPLEX_KERNELS(PanelKernels)  // the same of std::complex
//   }  // namespace otium::cpu
//   #endif

#ifndef OTIUM_BACKENDS_CPU_SIMD_DISPATCH_H_
#define OTIUM_BACKENDS_CPU_SIMD_DISPATCH_H_

#define OTIUM_BEST_KERNELS(table, type, of_target)                                \
  namespace {                                                                     \
  HWY_EXPORT(of_target);                                                          \
  }                                                                               \
  template <>                                                                     \
  const table<type>& Best##table() {                                              \
    static const table<type>* const kernels = HWY_DYNAMIC_DISPATCH(of_target)();  \
    return *kernels;                                                              \
  }

#define OTIUM_BEST_REAL_KERNELS(table)   \
  OTIUM_BEST_KERNELS(table, float, F32)  \
  OTIUM_BEST_KERNELS(table, double, F64)

#define OTIUM_BEST_COMPLEX_KERNELS(table)              \
  OTIUM_BEST_KERNELS(table, std::complex<float>, C64)  \
  OTIUM_BEST_KERNELS(table, std::complex<double>, C128)

#endif  // OTIUM_BACKENDS_CPU_SIMD_DISPATCH_H_
