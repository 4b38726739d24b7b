#include "io/pickle_machine.h"

#include <cstring>
#include <utility>

#include "io/shape.h"
#include "io/text.h"

namespace heddle::io::detail {

namespace {

enum Global : int64_t { csr_matrix, reconstruct, from_buffer, scalar, ndarray, dtype, defaultdict, list, encode };

struct GlobalName {
  std::string_view module;
  std::string_view name;
  Global meaning;
};

/// Everything a pickle may name. SciPy moved csr_matrix in version 1.8, NumPy its insides in version 2; Python 3 calls the module
/// of list otherwise, and writes bytes as text that is encoded again where the protocol has no bytes.
constexpr GlobalName globals[] = {
    {"scipy.sparse.csr", "csr_matrix", csr_matrix},
    {"scipy.sparse._csr", "csr_matrix", csr_matrix},
    {"scipy.sparse._csr", "csr_array", csr_matrix},
    {"numpy.core.multiarray", "_reconstruct", reconstruct},
    {"numpy._core.multiarray", "_reconstruct", reconstruct},
    {"numpy.core.numeric", "_frombuffer", from_buffer},
    {"numpy._core.numeric", "_frombuffer", from_buffer},
    {"numpy.core.multiarray", "scalar", scalar},
    {"numpy._core.multiarray", "scalar", scalar},
    {"numpy", "ndarray", ndarray},
    {"numpy", "dtype", dtype},
    {"collections", "defaultdict", defaultdict},
    {"__builtin__", "list", list},
    {"builtins", "list", list},
    {"_codecs", "encode", encode},
};

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
  BINBYTES = 'B',
  SHORT_BINBYTES = 'C',
  BINUNICODE = 'X',
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
  SHORT_BINUNICODE = 0x8c,
  BINUNICODE8 = 0x8d,
  BINBYTES8 = 0x8e,
  STACK_GLOBAL = 0x93,
  MEMOIZE = 0x94,
  FRAME = 0x95,
  BYTEARRAY8 = 0x96,
};

bool is(const PickleValue& value, PickleKind kind) { return value.kind == kind; }
/// Python 2 writes names as bytes.
bool is_name(const PickleValue& value) { return is(value, PickleKind::text) || is(value, PickleKind::bytes); }
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

void PickleMachine::push_global(std::string_view module, std::string_view name) {
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
  } else if (is(function, from_buffer)) {
    // (data, dtype, shape, order)
    if (arguments.size() != 4 || !is_name(arguments[3])) fail("an array is made of something that is not what NumPy writes");
    const bool fortran_order = arguments[3].bytes == "F";
    arrays_.push_back(made_array(arguments[2], arguments[1], fortran_order, arguments[0]));
    push(PickleKind::array, static_cast<int64_t>(arrays_.size()) - 1);
  } else if (is(function, scalar)) {
    make_scalar(arguments);
  } else if (is(function, dtype)) {
    make_dtype(arguments);
  } else if (is(function, encode)) {
    make_bytes(arguments);
  } else if (is(function, defaultdict)) {
    if (arguments.size() != 1 || !is(arguments[0], list)) fail("a defaultdict makes something that is not a list");
    push_container(PickleKind::dict, {});
  } else {
    fail("a call of something other than NumPy's arrays and types, defaultdict and encode is refused");
  }
}

void PickleMachine::make_dtype(const std::vector<PickleValue>& arguments) {
  constexpr std::string_view known_types[] = {"f4", "f8", "i4", "i8", "i1", "u1", "b1"};
  if (arguments.empty() || !is_name(arguments[0])) fail("a dtype has no name");
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
  if (state.size() < 5 || !is_name(state[1])) fail("a dtype's state is not the tuple that NumPy writes");
  if (state[1].bytes != "<" && state[1].bytes != "|") fail("byte order ", in_quotes(state[1].bytes), " is not little endian");
  for (std::size_t i = 2; i < 5; ++i) {
    if (!is(state[i], PickleKind::none)) fail("a dtype with fields or a subarray is refused");
  }
}

PickledArray PickleMachine::made_array(const PickleValue& extents, const PickleValue& dtype, bool fortran_order,
                                       const PickleValue& data) const {
  if (!is(extents, PickleKind::tuple) || !is(dtype, PickleKind::dtype) || !is(data, PickleKind::bytes)) {
    fail("an array is not made of shape, dtype and bytes, as NumPy writes it");
  }
  const Dtype type = dtypes_[static_cast<std::size_t>(dtype.integer)];
  std::vector<int64_t> shape;
  for (const PickleValue& extent : elements(extents)) {
    if (!is(extent, PickleKind::integer) || extent.integer < 0) fail("an array's shape holds something that is not a size");
    shape.push_back(extent.integer);
  }
  if (checked_bytes(shape, type.item_size) != static_cast<int64_t>(data.bytes.size())) {
    fail("an array of shape ", shape_text(shape), " and ", counted(type.item_size, "byte"), " an element holds ",
         counted(data.bytes.size(), "byte"));
  }
  PickledArray array{std::move(shape), type.kind, type.item_size, fortran_order, data.bytes};
  if (data.integer > 0) array.owner = encoded_[static_cast<std::size_t>(data.integer) - 1];
  return array;
}

void PickleMachine::build_array(PickledArray& array, const std::vector<PickleValue>& state) {
  // (version, shape, dtype, is in Fortran order, data)
  if (state.size() != 5 || !is(state[3], PickleKind::boolean)) fail("an array's state is not the tuple that NumPy writes");
  array = made_array(state[1], state[2], state[3].integer != 0, state[4]);
}

/// scalar(dtype, bytes): a number of NumPy's own, of which whole ones are read.
void PickleMachine::make_scalar(const std::vector<PickleValue>& arguments) {
  if (arguments.size() != 2 || !is(arguments[0], PickleKind::dtype) || !is(arguments[1], PickleKind::bytes))
    fail("a number is not made of dtype and bytes, as NumPy writes it");
  const Dtype type = dtypes_[static_cast<std::size_t>(arguments[0].integer)];
  if (arguments[1].bytes.size() != static_cast<std::size_t>(type.item_size)) fail("a number has not the bytes of its dtype");
  const PickledArray value{{1}, type.kind, type.item_size, false, arguments[1].bytes};
  if (!value.is_integer()) fail("a number of NumPy's is not a whole one");
  push(PickleKind::integer, value.integer(0));
}

/// encode(text, 'latin1'): how bytes are written where the protocol has none, a character below U+0100 a byte.
void PickleMachine::make_bytes(const std::vector<PickleValue>& arguments) {
  if (arguments.size() != 2 || !is(arguments[0], PickleKind::text) || !is(arguments[1], PickleKind::text) ||
      arguments[1].bytes != "latin1") {
    fail("encode is asked for something other than latin1 of a text");
  }
  const std::string_view text = arguments[0].bytes;
  // What the memo repeats would be made anew each time; nobody writes a long one twice.
  encoded_bytes_ += text.size();
  if (encoded_bytes_ > 2 * pickle_.size()) fail("more text is encoded than the file has");
  std::string bytes;
  bytes.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto first = static_cast<unsigned char>(text[at]);
    if (first < 0x80) {
      bytes += text[at];
      continue;
    }
    const bool continues = at + 1 < text.size() && (static_cast<unsigned char>(text[at + 1]) & 0xc0) == 0x80;
    if ((first != 0xc2 && first != 0xc3) || !continues) fail("a text that should be bytes holds other characters");
    bytes += static_cast<char>((first & 3) << 6 | (static_cast<unsigned char>(text[++at]) & 0x3f));
  }
  encoded_.push_back(std::make_shared<const std::string>(std::move(bytes)));
  push(PickleKind::bytes, static_cast<int64_t>(encoded_.size()), *encoded_.back());
}

/// Runs one opcode; false after STOP.
bool PickleMachine::step() {
  opcode_at_ = at_;
  const auto opcode = static_cast<uint8_t>(take(1, "an opcode")[0]);
  switch (opcode) {
    case STOP: return false;
    case PROTO:
      if (const uint64_t protocol = take_unsigned(1); protocol < 2 || protocol > 5)
        fail("pickle protocol ", protocol, " is none of 2 to 5");
      break;
    case FRAME: take_unsigned(8); break;  // how much follows together, for who reads from a pipe
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
    case SHORT_BINBYTES: push(PickleKind::bytes, 0, take(take_unsigned(1), "a string")); break;
    case BINBYTES: push(PickleKind::bytes, 0, take(take_unsigned(4), "a string")); break;
    case BINBYTES8:
    case BYTEARRAY8: push(PickleKind::bytes, 0, take(take_unsigned(8), "a string")); break;
    case SHORT_BINUNICODE: push(PickleKind::text, 0, take(take_unsigned(1), "a text")); break;
    case BINUNICODE: push(PickleKind::text, 0, take(take_unsigned(4), "a text")); break;
    case BINUNICODE8: push(PickleKind::text, 0, take(take_unsigned(8), "a text")); break;
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
    case MEMOIZE: remember(memo_.size()); break;
    case BINGET: recall(take_unsigned(1)); break;
    case LONG_BINGET: recall(take_unsigned(4)); break;
    case GLOBAL: {
      const std::string_view module = take_line();
      push_global(module, take_line());
      break;
    }
    case STACK_GLOBAL: {
      const PickleValue name = pop();
      const PickleValue module = pop();
      if (!is(name, PickleKind::text) || !is(module, PickleKind::text)) fail("the name of a class is not a text");
      push_global(module.bytes, name.bytes);
      break;
    }
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
