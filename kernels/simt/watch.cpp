#include "kernels/simt/watch.h"

// Part of the library itself, not of the executor: arenas of every device ask.
namespace heddle::simt {

namespace {
Watch* watch_of_all = nullptr;
}

void set_watch(Watch* watch) noexcept { watch_of_all = watch; }
Watch* watch() noexcept { return watch_of_all; }

}  // namespace heddle::simt
