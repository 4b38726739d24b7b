#include "../readers.h"
#include "fuzz.h"

HEDDLE_FUZZ_TARGET(heddle::test::matrix_market(content))
