// SPDX-License-Identifier: Apache-2.0
//
// The one header that users include, installed as <otium/otium.h>. What it
// includes, directly or not, is the public API and is installed with it.

#ifndef OTIUM_ENGINE_OTIUM_H_
#define OTIUM_ENGINE_OTIUM_H_

#include "engine/base/dtype.h"
#include "engine/base/tensor.h"
#include "engine/version.h"

#endif  // OTIUM_ENGINE_OTIUM_H_
