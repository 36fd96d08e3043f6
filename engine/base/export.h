// SPDX-License-Identifier: Apache-2.0
//
// OTIUM_EXPORT marks what users of the shared library may link to; everything
// else is hidden.

#ifndef OTIUM_ENGINE_BASE_EXPORT_H_
#define OTIUM_ENGINE_BASE_EXPORT_H_

#define OTIUM_EXPORT __attribute__((visibility("default")))

#endif  // OTIUM_ENGINE_BASE_EXPORT_H_
