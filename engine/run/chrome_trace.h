// SPDX-License-Identifier: Apache-2.0

#ifndef OTIUM_ENGINE_RUN_CHROME_TRACE_H_
#define OTIUM_ENGINE_RUN_CHROME_TRACE_H_

#include <string>

#include "engine/base/export.h"
#include "engine/run/observe.h"

namespace otium {

// The profile as JSON in the Trace Event Format, for chrome://tracing and Perfetto:
// a row for each device and thread that ran steps on it, an event for each step with
// its kernel, estimate, flops, bytes and position; a row of segments, and one of the
// passes that planned them. Keys are in a fixed order; times are microseconds from the
// start of the run.
OTIUM_EXPORT std::string ChromeTrace(const Profile& profile);

}  // namespace otium

#endif  // OTIUM_ENGINE_RUN_CHROME_TRACE_H_
