#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "heddle/error.h"
#include "io/pickle.h"

/// The stack machine that pickles are programs for, with the opcodes that Planetoid's files use, written by Python 2 or 3
/// (protocols 2 to 5).
namespace heddle::io::detail {

enum class PickleKind : uint8_t { none, boolean, integer, bytes, text, tuple, list, dict, global, dtype, array, csr };

/// One value on the machine's stack. Containers and objects are handles into the machine's tables, so that a value that the memo
/// repeats costs nothing and a cycle does no harm.
struct PickleValue {
  PickleKind kind = PickleKind::none;
  int64_t integer = 0;  ///< a number, a truth value, a Global, or a handle
  std::string_view
      bytes;  ///< of a string of bytes, or a text: in the file, or, of bytes with `integer` above 0, what was encoded
};

class PickleMachine {
 public:
  PickleMachine(std::string_view pickle, std::string_view name) : pickle_(pickle), name_(name) {}

  /// Runs the whole pickle and returns what it leaves on the stack.
  PickleValue run();

  /// The elements of a tuple or list; of a dict: key, value, key, value, ...
  const std::vector<PickleValue>& elements(const PickleValue& container) const {
    return containers_[static_cast<std::size_t>(container.integer)];
  }
  const PickledArray& array(const PickleValue& value) const { return arrays_[static_cast<std::size_t>(value.integer)]; }
  /// The attribute dict of a csr_matrix; none if it was never given.
  const PickleValue& csr_state(const PickleValue& value) const { return csr_states_[static_cast<std::size_t>(value.integer)]; }

  /// Throws Error{bad_data} "name: byte N: ..." about the opcode that ran last.
  template <class... Parts>
  [[noreturn]] void fail(const Parts&... parts) const {
    heddle::fail(ErrorKind::bad_data, name_, ": byte ", opcode_at_, ": ", parts...);
  }

 private:
  struct Dtype {
    char kind;
    int item_size;
  };

  std::string_view take(uint64_t length, const char* what);
  uint64_t take_unsigned(int bytes);
  int64_t take_long();
  std::string_view take_line();
  void push(PickleKind kind, int64_t integer = 0, std::string_view bytes = {}) { stack_.push_back({kind, integer, bytes}); }
  PickleValue pop();
  PickleValue& top();
  std::vector<PickleValue> pop_to_mark();
  void push_container(PickleKind kind, std::vector<PickleValue> elements);
  void push_tuple(std::size_t size);
  void append(PickleKind kind, std::vector<PickleValue> elements);
  void remember(uint64_t index);
  void recall(uint64_t index);
  void push_global(std::string_view module, std::string_view name);
  void call();
  void make_dtype(const std::vector<PickleValue>& arguments);
  void make_scalar(const std::vector<PickleValue>& arguments);
  void make_bytes(const std::vector<PickleValue>& arguments);
  PickledArray made_array(const PickleValue& extents, const PickleValue& dtype, bool fortran_order,
                          const PickleValue& data) const;
  void make_object();
  void build();
  void build_dtype(const std::vector<PickleValue>& state);
  void build_array(PickledArray& array, const std::vector<PickleValue>& state);
  bool step();

  std::string_view pickle_;
  std::string_view name_;
  std::size_t at_ = 0;
  std::size_t opcode_at_ = 0;
  std::vector<PickleValue> stack_;
  std::vector<std::size_t> marks_;
  std::vector<PickleValue> memo_;
  std::vector<std::vector<PickleValue>> containers_;
  std::vector<Dtype> dtypes_;
  std::vector<PickledArray> arrays_;
  std::vector<PickleValue> csr_states_;
  std::vector<std::shared_ptr<const std::string>> encoded_;
  std::size_t encoded_bytes_ = 0;
};

}  // namespace heddle::io::detail
