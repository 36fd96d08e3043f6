// SPDX-License-Identifier: Apache-2.0
//
// Status propagation. The only macros of the engine besides tables:
//
//   OTIUM_RETURN_IF_ERROR(Check(x));
//   OTIUM_ASSIGN_OR_RETURN(Tensor t, ReadNpy(path));

#ifndef OTIUM_ENGINE_BASE_STATUS_H_
#define OTIUM_ENGINE_BASE_STATUS_H_

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#define OTIUM_STATUS_CONCAT_INNER_(a, b) a##b
#define OTIUM_STATUS_CONCAT_(a, b) OTIUM_STATUS_CONCAT_INNER_(a, b)

#define OTIUM_RETURN_IF_ERROR(expr)                \
  do {                                             \
    absl::Status otium_status_ = (expr);           \
    if (!otium_status_.ok()) return otium_status_; \
  } while (false)

#define OTIUM_ASSIGN_OR_RETURN(lhs, expr) \
  OTIUM_ASSIGN_OR_RETURN_IMPL_(OTIUM_STATUS_CONCAT_(otium_statusor_, __LINE__), lhs, expr)

#define OTIUM_ASSIGN_OR_RETURN_IMPL_(statusor, lhs, expr)  \
  auto statusor = (expr);                                  \
  if (!statusor.ok()) return std::move(statusor).status(); \
  lhs = *std::move(statusor)

#endif  // OTIUM_ENGINE_BASE_STATUS_H_
