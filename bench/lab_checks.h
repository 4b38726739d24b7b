#pragma once

#include <functional>

#include "bench/lab_core.h"
#include "heddle/device.h"

namespace heddle::simt {
class Observer;
}

namespace heddle::bench {

/// Runs the variant on spoilt output and scratch memory, and compares; fills the row's `failed`, or its error and whether that is
/// wrong. On simt under the eyes of bounds and race checks. An added variant runs in several orders of the executor's threads
/// (elsewhere several times), and where it says that its bits repeat, they must.
void check_row(const LabCase& subject, const LabVariant& variant, LabRow& row, const Device& device, Stream& stream);

/// Runs under an observer of the stream's executor, and without it again, whatever happens.
void observed(Stream& stream, simt::Observer& observer, const std::function<void()>& run);

}  // namespace heddle::bench
