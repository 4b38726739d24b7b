#include "fuzz.h"
#include "tests/engine/bundle/model_samples.h"

HEDDLE_FUZZ_TARGET(heddle::test::tuned_file(content))
