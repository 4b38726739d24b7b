#include "../readers.h"
#include "fuzz.h"

HEDDLE_FUZZ_TARGET(heddle::test::item_table(content))
