#pragma once

#include <dlfcn.h>

#include <initializer_list>
#include <string>
#include <type_traits>

#include "heddle/error.h"

namespace heddle::io::detail {

/// A shared library that is opened by who first needs it: linked, every program would need it installed, and few do.
class OptionalLibrary {
 public:
  /// `wanted_for`: how the sentence begins where none of `files` can be opened: "an .xz file is read by liblzma".
  OptionalLibrary(const char* wanted_for, std::initializer_list<const char*> files) : wanted_for_(wanted_for) {
    std::string reasons;
    for (const char* file : files) {
      library_ = dlopen(file, RTLD_NOW | RTLD_LOCAL);
      if (library_ != nullptr) return;
      const char* const reason = dlerror();
      reasons += text(reasons.empty() ? "" : "; ", reason != nullptr ? reason : file);
    }
    fail(ErrorKind::io, wanted_for, ", and none can be opened: ", reasons);
  }

  /// Throws Error{io} where the library has no such function.
  template <class Function>
  void find(const char* symbol, Function& function) const {
    function = reinterpret_cast<Function>(dlsym(library_, symbol));
    require(function != nullptr, ErrorKind::io, wanted_for_, ", and the one installed has no ", symbol);
  }

 private:
  const char* wanted_for_;
  void* library_ = nullptr;
};

}  // namespace heddle::io::detail
