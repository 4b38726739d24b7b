#pragma once

#include "heddle/kernel/variant.h"
#include "heddle/kernel/views.h"
#include "heddle/profile.h"

namespace heddle::kernels {

/// What an op tells the profiler of its arguments: shapes, and the bytes of each read or written once.
class OpArguments {
 public:
  explicit OpArguments(ProfileEvent& event) : event_(event) {}

  template <class T>
  void reads(const char* name, const DenseView<T>& x) {
    if (x.data != nullptr) add(name, x.rows, x.cols, x.size() * static_cast<int64_t>(sizeof(T)));
  }
  template <class T>
  void writes(const char* name, const DenseView<T>& y) {
    reads(name, y);
  }
  /// Read and written.
  template <class T>
  void updates(const char* name, const DenseView<T>& y) {
    reads(name, y);
    event_.bytes += y.data == nullptr ? 0 : y.size() * static_cast<int64_t>(sizeof(T));
  }
  /// An array of `count` values, nothing where it is null.
  template <class T>
  void array(const char* name, const T* values, int64_t count) {
    reads(name, DenseView<const T>{values, count, 1});
  }
  /// Offsets and column numbers; the values, where they are read.
  void matrix(const char* name, const CsrView& a) {
    structure(name, a);
    if (a.values != nullptr) event_.bytes += a.nnz * static_cast<int64_t>(sizeof(float));
  }
  void structure(const char* name, const CsrView& a) {
    int64_t bytes = (a.rows + 1) * static_cast<int64_t>(sizeof(int64_t)) + a.nnz * static_cast<int64_t>(sizeof(int32_t));
    if (a.value_index != nullptr) bytes += a.nnz * static_cast<int64_t>(sizeof(int64_t));
    add(name, a.rows, a.cols, bytes);
  }
  void add(const char* name, int64_t rows, int64_t cols, int64_t bytes) {
    event_.bytes += bytes;
    if (event_.argument_count < ProfileEvent::most_arguments) event_.arguments[event_.argument_count++] = {name, rows, cols};
  }

 private:
  ProfileEvent& event_;
};

/// Stands in an op's entry point where its work begins, and records it until the end of the block. `describe` is called with
/// OpArguments&, and only while somebody profiles.
class ProfiledOp {
 public:
  template <class Describe>
  ProfiledOp(Execution& execution, const char* name, const Describe& describe) : execution_(execution) {
    if (execution.profiler == nullptr) return;
    ProfileEvent event{.name = name, .is_op = true, .phase = execution.profiler->phase()};
    OpArguments arguments(event);
    describe(arguments);
    execution.profiler->begin(event, execution.stream);
  }
  ProfiledOp(const ProfiledOp&) = delete;
  ProfiledOp& operator=(const ProfiledOp&) = delete;
  ~ProfiledOp() {
    if (execution_.profiler != nullptr) execution_.profiler->end(execution_.stream);
  }

 private:
  Execution& execution_;
};

}  // namespace heddle::kernels
