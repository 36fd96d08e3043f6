// SPDX-License-Identifier: Apache-2.0
//
// QR by the textbook, in f64 or c128.

#include "backends/reference/matrix.h"
#include "backends/reference/qr.h"

namespace otium::reference {
namespace {

template <class Launch>
Reflectors<typename Launch::W> OperandReflectors(const Launch& launch) {
  using W = typename Launch::W;
  const Matrix<W> tau = launch.Operand(1, 1);
  Reflectors<W> f{launch.Operand(0), {}};
  for (int64_t k = 0; k < tau.rows(); ++k) f.tau.push_back(tau(k, 0));
  return f;
}

}  // namespace

void Qr(const LaunchArgs& args) {
  ForEachMatrix(args, BatchOfResult(args, 1), [](const auto& launch) {
    const std::string& mode = launch.attributes().template Get<std::string>("mode");
    const auto f = FactorQr(launch.Operand(0));
    const int64_t m = f.a.rows(), k = std::min(m, f.a.columns());
    const int64_t columns = mode == "complete" ? m : k;
    if (mode != "r") launch.SetResult(0, ColumnsOfQ(f, columns));
    launch.SetResult(1, RowsOfR(f, columns));
  });
}

void Geqrf(const LaunchArgs& args) {
  ForEachMatrix(args, BatchOfResult(args), [](const auto& launch) {
    const auto f = FactorQr(launch.Operand(0));
    Matrix<typename std::decay_t<decltype(launch)>::W> tau(static_cast<int64_t>(f.tau.size()), 1);
    for (int64_t k = 0; k < tau.rows(); ++k) tau(k, 0) = f.tau[k];
    launch.SetResult(0, f.a);
    launch.SetResult(1, tau, 1);
  });
}

void HouseholderProduct(const LaunchArgs& args) {
  ForEachMatrix(args, BatchOfResult(args), [](const auto& launch) {
    const auto f = OperandReflectors(launch);
    launch.SetResult(0, ColumnsOfQ(f, f.a.columns()));
  });
}

void Ormqr(const LaunchArgs& args) {
  ForEachMatrix(args, BatchOfResult(args), [](const auto& launch) {
    const bool left = launch.attributes().template Get<bool>("left");
    const bool adjoint = launch.attributes().template Get<bool>("transpose");
    const auto f = OperandReflectors(launch);
    const auto other = launch.Operand(2);
    // other Q = (Q^H other^H)^H
    const auto c = left ? other : Adjoint(other);
    const auto product = left == adjoint ? ApplyAdjointQ(f, c) : ApplyQ(f, c);
    launch.SetResult(0, left ? product : Adjoint(product));
  });
}

}  // namespace otium::reference
