// SPDX-License-Identifier: Apache-2.0

#ifndef OTIUM_BACKENDS_REFERENCE_REFERENCE_H_
#define OTIUM_BACKENDS_REFERENCE_REFERENCE_H_

#include "backends/backend.h"

namespace otium {

// The backend of plain loops on the host. One instance, never destroyed.
Backend& ReferenceBackend();

}  // namespace otium

#endif  // OTIUM_BACKENDS_REFERENCE_REFERENCE_H_
