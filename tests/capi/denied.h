#pragma once

/* Memory that is denied: tests/support/counting_allocator.h for tests in C. */

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* From now on allocation number `n` (0: the next one) fails, of whichever thread; all != 0: and all after it. */
void deny_allocation(int64_t n, int all);
/* Nothing fails any more. Whether there were so many allocations. */
int end_denial(void);
/* Blocks that have been allocated and not released. */
int64_t blocks_live(void);

#ifdef __cplusplus
}
#endif
