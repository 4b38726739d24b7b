#include "../readers.h"
#include "fuzz.h"

HEDDLE_FUZZ_TARGET(heddle::test::citations(content))
