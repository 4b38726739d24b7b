#include "cli/environment.h"

#include "bench/lab_module.h"
#include "cli/progress.h"
#include "heddle/kernel/variant.h"
#include "kernels/device/processors.h"

namespace heddle::cli {

void check_environment() {
  const ProgressBar delay(true);  // HEDDLE_PROGRESS_DELAY is read when one is made
  kernels::forced_isa();
  kernels::VariantOverrides::from_environment();
  bench::check_include_folder();
}

}  // namespace heddle::cli
