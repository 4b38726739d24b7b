// Which BLAS heddle takes, or why none, where the dynamic linker has no namespace to open one apart in: prints one line.
#include <dlfcn.h>

#include <iostream>
#include <string>

#include "heddle/error.h"
#include "kernels/dense/blas_library.h"

int main() {
#ifdef LM_ID_NEWLM
  int namespaces = 0;  // there are some sixteen: this program takes them all
  while (namespaces < 1000 && dlmopen(LM_ID_NEWLM, "libc.so.6", RTLD_NOW | RTLD_LOCAL) != nullptr) ++namespaces;
  if (namespaces == 1000) {
    std::cout << "skipped: this C library has namespaces without end\n";
    return 0;
  }
#endif
  try {
    const std::string& description = heddle::kernels::blas_library().description;
    std::cout << "uses: " << description << "\n";
  } catch (const heddle::Error& error) {
    std::cout << "refuses: " << error.what() << "\n";
  }
}
