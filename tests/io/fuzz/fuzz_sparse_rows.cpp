#include "../readers.h"
#include "fuzz.h"

HEDDLE_FUZZ_TARGET(heddle::test::sparse_rows(content))
