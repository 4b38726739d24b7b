#include "io/pickle_machine.h"

#include <array>
#include <cstring>

#include "io/shape.h"
#include "io/text.h"

namespace heddle::io::detail {

namespace {

enum Global : int64_t { csr_matrix, reconstruct, ndarray, dtype, defaultdict, list };

struct GlobalName {
  std::string_view module;
  std::string_view name;
  Global meaning;
};

/// Everything a pickle may name. SciPy moved csr_matrix in version 1.8.
constexpr std::array<GlobalName, 7> globals{{
    {"scipy.sparse.csr", "csr_matrix", csr_matrix},
    {"scipy.sparse._csr", "csr_matrix", csr_matrix},
    {"numpy.core.multiarray", "_reconstruct", reconstruct},
    {"numpy", "ndarray", ndarray},
    {"numpy", "dtype", dtype},
    {"collections", "defaultdict", defaultdict},
    {"__builtin__", "list", list},
}};

/// Opcodes by Python's names for them (pickletools).
enum Opcode : uint8_t {
  MARK = '(',
  STOP = '.',
  NONE = 'N',
  EMPTY_TUPLE = ')',
  EMPTY_LIST = ']',
  EMPTY_DICT = '}',
  BININT = 'J',
  BININT1 = 'K',
  BININT2 = 'M',
  BINSTRING = 'T',
  SHORT_BINSTRING = 'U',
  APPEND = 'a',
  APPENDS = 'e',
  BUILD = 'b',
  GLOBAL = 'c',
  REDUCE = 'R',
  SETITEM = 's',
  SETITEMS = 'u',
  TUPLE = 't',
  BINPUT = 'q',
  LONG_BINPUT = 'r',
  BINGET = 'h',
  LONG_BINGET = 'j',
  PROTO = 0x80,
  NEWOBJ = 0x81,
  TUPLE1 = 0x85,
  TUPLE2 = 0x86,
  TUPLE3 = 0x87,
  NEWTRUE = 0x88,
  NEWFALSE = 0x89,
  LONG1 = 0x8a,
};

bool is(const PickleValue& value, PickleKind kind) { return value.kind == kind; }
bool is(const PickleValue& value, Global global) { return is(value, PickleKind::global) && value.integer == global; }

}  // namespace

std::string_view PickleMachine::take(uint64_t length, const char* what) {
  const std::size_t left = pickle_.size() - at_;
  if (length > left) fail("the file is truncated: ", what, " needs ", counted(length, "byte"), ", ", there_are(left), " left");
  const std::string_view bytes = pickle_.substr(at_, static_cast<std::size_t>(length));
  at_ += static_cast<std::size_t>(length);
  return bytes;
}

uint64_t PickleMachine::take_unsigned(int bytes) {
  uint64_t value = 0;
  const std::string_view raw = take(static_cast<uint64_t>(bytes), "a number");
  std::memcpy(&value, raw.data(), raw.size());
  return value;
}

int64_t PickleMachine::take_long() {
  const uint64_t length = take_unsigned(1);
  if (length > 8) fail("an integer has ", counted(length, "byte"), ", more than 8");
  if (length == 0) return 0;
  const int unused_bits = 64 - 8 * static_cast<int>(length);
  const uint64_t raw = take_unsigned(static_cast<int>(length)) << unused_bits;
  return static_cast<int64_t>(raw) >> unused_bits;  // carries the sign down
}

std::string_view PickleMachine::take_line() {
  const std::size_t end = pickle_.find('\n', at_);
  if (end == std::string_view::npos) fail("the file is truncated: a class name does not end");
  const std::string_view line = pickle_.substr(at_, end - at_);
  at_ = end + 1;
  return line;
}

PickleValue PickleMachine::pop() {
  const PickleValue value = top();
  stack_.pop_back();
  return value;
}

PickleValue& PickleMachine::top() {
  if (stack_.size() <= (marks_.empty() ? 0 : marks_.back())) fail("an opcode needs a value that the stack does not have");
  return stack_.back();
}

std::vector<PickleValue> PickleMachine::pop_to_mark() {
  if (marks_.empty()) fail("an opcode needs a mark that the stack does not have");
  const auto begin = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
  std::vector<PickleValue> values(begin, stack_.end());
  stack_.erase(begin, stack_.end());
  marks_.pop_back();
  return values;
}

void PickleMachine::push_container(PickleKind kind, std::vector<PickleValue> elements) {
  containers_.push_back(std::move(elements));
  push(kind, static_cast<int64_t>(containers_.size()) - 1);
}

void PickleMachine::push_tuple(std::size_t size) {
  std::vector<PickleValue> elements(size);
  for (std::size_t i = size; i-- > 0;) elements[i] = pop();
  push_container(PickleKind::tuple, std::move(elements));
}

void PickleMachine::append(PickleKind kind, std::vector<PickleValue> elements) {
  const PickleValue& target = top();
  if (!is(target, kind)) fail("values are appended to something that is not a ", kind == PickleKind::list ? "list" : "dict");
  if (kind == PickleKind::dict && elements.size() % 2 != 0) fail("a dict key has no value");
  std::vector<PickleValue>& container = containers_[static_cast<std::size_t>(target.integer)];
  container.insert(container.end(), elements.begin(), elements.end());
}

void PickleMachine::remember(uint64_t index) {
  // Every pickler numbers its memo consecutively, from 0 or from 1.
  if (index > memo_.size() + 1) fail("memo entry ", index, " follows ", counted(memo_.size(), "entry", "entries"));
  if (index >= memo_.size()) memo_.resize(index + 1);
  memo_[index] = top();
}

void PickleMachine::recall(uint64_t index) {
  if (index >= memo_.size()) fail("memo entry ", index, " does not exist");
  stack_.push_back(memo_[index]);
}

void PickleMachine::push_global() {
  const std::string_view module = take_line();
  const std::string_view name = take_line();
  for (const GlobalName& known : globals) {
    if (known.module == module && known.name == name) return push(PickleKind::global, known.meaning);
  }
  fail("class ", in_quotes(module), " ", in_quotes(name), " is refused: Planetoid's files do not use it");
}

/// REDUCE: function, arguments -> result, for the three calls that these files make.
void PickleMachine::call() {
  const PickleValue arguments_tuple = pop();
  const PickleValue function = pop();
  if (!is(arguments_tuple, PickleKind::tuple)) fail("the arguments of a call are not a tuple");
  const std::vector<PickleValue>& arguments = elements(arguments_tuple);
  if (is(function, reconstruct)) {
    if (arguments.empty() || !is(arguments[0], ndarray)) fail("_reconstruct is asked for something that is not an ndarray");
    arrays_.emplace_back();
    push(PickleKind::array, static_cast<int64_t>(arrays_.size()) - 1);
  } else if (is(function, dtype)) {
    make_dtype(arguments);
  } else if (is(function, defaultdict)) {
    if (arguments.size() != 1 || !is(arguments[0], list)) fail("a defaultdict makes something that is not a list");
    push_container(PickleKind::dict, {});
  } else {
    fail("a call of something that is neither _reconstruct, dtype nor defaultdict is refused");
  }
}

void PickleMachine::make_dtype(const std::vector<PickleValue>& arguments) {
  constexpr std::string_view known_types[] = {"f4", "f8", "i4", "i8", "i1", "u1", "b1"};
  if (arguments.empty() || !is(arguments[0], PickleKind::bytes)) fail("a dtype has no name");
  for (const std::string_view known : known_types) {
    if (arguments[0].bytes != known) continue;
    dtypes_.push_back({known[0], known[1] - '0'});
    return push(PickleKind::dtype, static_cast<int64_t>(dtypes_.size()) - 1);
  }
  fail("dtype ", in_quotes(arguments[0].bytes), " is none of f4, f8, i4, i8, i1, u1, b1");
}

/// NEWOBJ: class, arguments -> object.
void PickleMachine::make_object() {
  const PickleValue arguments = pop();
  const PickleValue type = pop();
  if (!is(type, csr_matrix)) fail("an object of a class other than csr_matrix is refused");
  if (!is(arguments, PickleKind::tuple) || !elements(arguments).empty()) fail("csr_matrix is made with arguments");
  csr_states_.emplace_back();
  push(PickleKind::csr, static_cast<int64_t>(csr_states_.size()) - 1);
}

/// BUILD: object, state -> object with that state.
void PickleMachine::build() {
  const PickleValue state = pop();
  const PickleValue object = top();
  if (is(object, PickleKind::csr) && is(state, PickleKind::dict)) {
    csr_states_[static_cast<std::size_t>(object.integer)] = state;
  } else if (is(object, PickleKind::dtype) && is(state, PickleKind::tuple)) {
    build_dtype(elements(state));
  } else if (is(object, PickleKind::array) && is(state, PickleKind::tuple)) {
    build_array(arrays_[static_cast<std::size_t>(object.integer)], elements(state));
  } else {
    fail("a state is given to a value that does not take it");
  }
}

void PickleMachine::build_dtype(const std::vector<PickleValue>& state) {
  // (version, byte order, subarray, field names, fields, item size, alignment, flags)
  if (state.size() < 5 || !is(state[1], PickleKind::bytes)) fail("a dtype's state is not the tuple that NumPy writes");
  if (state[1].bytes != "<" && state[1].bytes != "|") fail("byte order ", in_quotes(state[1].bytes), " is not little endian");
  for (std::size_t i = 2; i < 5; ++i) {
    if (!is(state[i], PickleKind::none)) fail("a dtype with fields or a subarray is refused");
  }
}

void PickleMachine::build_array(PickledArray& array, const std::vector<PickleValue>& state) {
  // (version, shape, dtype, is in Fortran order, data)
  if (state.size() != 5 || !is(state[1], PickleKind::tuple) || !is(state[2], PickleKind::dtype) ||
      !is(state[3], PickleKind::boolean) || !is(state[4], PickleKind::bytes)) {
    fail("an array's state is not the tuple that NumPy writes");
  }
  const Dtype type = dtypes_[static_cast<std::size_t>(state[2].integer)];
  std::vector<int64_t> shape;
  for (const PickleValue& extent : elements(state[1])) {
    if (!is(extent, PickleKind::integer) || extent.integer < 0) fail("an array's shape holds something that is not a size");
    shape.push_back(extent.integer);
  }
  if (checked_bytes(shape, type.item_size) != static_cast<int64_t>(state[4].bytes.size())) {
    fail("an array of shape ", shape_text(shape), " and ", counted(type.item_size, "byte"), " an element holds ",
         counted(state[4].bytes.size(), "byte"));
  }
  array = {std::move(shape), type.kind, type.item_size, state[3].integer != 0, state[4].bytes};
}

/// Runs one opcode; false after STOP.
bool PickleMachine::step() {
  opcode_at_ = at_;
  const auto opcode = static_cast<uint8_t>(take(1, "an opcode")[0]);
  switch (opcode) {
    case STOP: return false;
    case PROTO:
      if (const uint64_t protocol = take_unsigned(1); protocol != 2) fail("pickle protocol ", protocol, " is not 2");
      break;
    case MARK: marks_.push_back(stack_.size()); break;
    case NONE: push(PickleKind::none); break;
    case NEWTRUE: push(PickleKind::boolean, 1); break;
    case NEWFALSE: push(PickleKind::boolean, 0); break;
    case BININT: push(PickleKind::integer, static_cast<int32_t>(take_unsigned(4))); break;
    case BININT1: push(PickleKind::integer, static_cast<int64_t>(take_unsigned(1))); break;
    case BININT2: push(PickleKind::integer, static_cast<int64_t>(take_unsigned(2))); break;
    case LONG1: push(PickleKind::integer, take_long()); break;
    case SHORT_BINSTRING: push(PickleKind::bytes, 0, take(take_unsigned(1), "a string")); break;
    case BINSTRING: push(PickleKind::bytes, 0, take(take_unsigned(4), "a string")); break;
    case EMPTY_TUPLE: push_container(PickleKind::tuple, {}); break;
    case EMPTY_LIST: push_container(PickleKind::list, {}); break;
    case EMPTY_DICT: push_container(PickleKind::dict, {}); break;
    case TUPLE1: push_tuple(1); break;
    case TUPLE2: push_tuple(2); break;
    case TUPLE3: push_tuple(3); break;
    case TUPLE: push_container(PickleKind::tuple, pop_to_mark()); break;
    case APPEND: {
      const PickleValue value = pop();
      append(PickleKind::list, {value});
      break;
    }
    case APPENDS: append(PickleKind::list, pop_to_mark()); break;
    case SETITEM: {
      const PickleValue value = pop();
      const PickleValue key = pop();
      append(PickleKind::dict, {key, value});
      break;
    }
    case SETITEMS: append(PickleKind::dict, pop_to_mark()); break;
    case BINPUT: remember(take_unsigned(1)); break;
    case LONG_BINPUT: remember(take_unsigned(4)); break;
    case BINGET: recall(take_unsigned(1)); break;
    case LONG_BINGET: recall(take_unsigned(4)); break;
    case GLOBAL: push_global(); break;
    case REDUCE: call(); break;
    case NEWOBJ: make_object(); break;
    case BUILD: build(); break;
    default:
      fail("opcode 0x", "0123456789abcdef"[opcode >> 4], "0123456789abcdef"[opcode & 15],
           " is refused: Planetoid's files do not use it");
  }
  return true;
}

PickleValue PickleMachine::run() {
  while (step()) {
  }
  if (at_ != pickle_.size()) fail("the pickle ends ", counted(pickle_.size() - at_, "byte"), " before the file");
  const PickleValue result = pop();
  if (!stack_.empty()) fail("the pickle ends with more than one value");
  return result;
}

}  // namespace heddle::io::detail
