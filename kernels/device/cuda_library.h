#pragma once

#include <dlfcn.h>

#include <initializer_list>

#include "heddle/error.h"

namespace heddle::kernels::cuda {

/// A library of the CUDA Toolkit, opened at its first use and never closed: handles may live until the process ends. Linked, it
/// would cost every run on the cpu its size, and keep the program from starting where it is not installed.
class ToolkitLibrary {
 public:
  /// Opens the first of `files` that the loader finds; throws Error{no_device} with `name` and `wanted` where there is none.
  ToolkitLibrary(const char* name, const char* wanted, std::initializer_list<const char*> files) : name_(name) {
    for (const char* file : files) {
      if (library_ == nullptr) library_ = dlopen(file, RTLD_NOW | RTLD_LOCAL);
    }
    require(library_ != nullptr, ErrorKind::no_device, "cuda: ", name, " (", wanted,
            ") is not installed where the loader finds it");
  }

  template <class Function>
  void find(const char* symbol, Function& function) const {
    function = reinterpret_cast<Function>(dlsym(library_, symbol));
    require(function != nullptr, ErrorKind::no_device, "cuda: the installed ", name_, " has no ", symbol,
            ": version 12 or later is needed");
  }

 private:
  const char* name_;
  void* library_ = nullptr;
};

}  // namespace heddle::kernels::cuda
