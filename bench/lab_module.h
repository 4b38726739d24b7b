#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "bench/command.h"
#include "heddle/device.h"
#include "heddle/kernel/module.h"

namespace heddle::bench {

/// Where heddle's public headers are: HEDDLE_INCLUDE, the program's installation or its source tree. Throws Error{usage} where
/// they are not.
std::string include_folder();
/// The same where HEDDLE_INCLUDE is set; nothing where it is not.
void check_include_folder();

/// A file of variants, written against the installed headers (heddle/kernel/module.h), compiled for a device and loaded. Its
/// code stays loaded as long as the program runs: errors and thread-local arrays of its kernels may outlive the object.
class VariantFile {
 public:
  /// simt: by g++ (CXX), with calls of the executor at every memory access; cuda: by nvcc (NVCC); HEDDLE_MODULE_FLAGS are added.
  /// The headers are those of the program's installation or source tree, or HEDDLE_INCLUDE. Throws Error{io} where there is no
  /// such file; Error{usage} for the cpu, a build that cannot count, and where compiler or headers are missing; Error{bad_data},
  /// with the compiler's first complaint, where it does not compile (all of them go to the log) or cannot be loaded.
  VariantFile(std::string source, DeviceKind device);

  const std::string& source() const { return source_; }
  /// Whether it has variants of "spmm", "sddmm", "softmax", "gat_forward" or "gat_backward".
  bool exports(const std::string& op) const;

  /// Empty where it has none. Throws Error{bad_data} where its headers do not fit this program.
  template <class Args>
  std::span<const kernels::Variant<Args>> variants(const std::string& op) const {
    const kernels::VariantModule* const module = find(op, sizeof(kernels::Variant<Args>), sizeof(Args));
    if (module == nullptr) return {};
    return {static_cast<const kernels::Variant<Args>*>(module->variants), module->count};
  }

 private:
  const kernels::VariantModule* find(const std::string& op, std::size_t variant_bytes, std::size_t args_bytes) const;

  std::string source_;
  TempFolder folder_;  ///< holds the module: reports read its debug information
  void* handle_ = nullptr;
};

}  // namespace heddle::bench
