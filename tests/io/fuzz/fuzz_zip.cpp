#include "../readers.h"
#include "fuzz.h"

HEDDLE_FUZZ_TARGET(heddle::test::zip_member(content))
