// Calls a function that nobody has declared.
#include <heddle/kernel/kernel.h>
#include <heddle/kernel/module.h>

namespace heddle::kernels::HEDDLE_TWIN {

__global__ void spmm_kernel(float* y) { y[threadIdx.x] = fastest_product_of_all(y); }  // DEFECT

}  // namespace heddle::kernels::HEDDLE_TWIN
