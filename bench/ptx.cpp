#include "bench/ptx.h"

#include <cxxabi.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <iterator>
#include <memory>
#include <sstream>
#include <string_view>

namespace heddle::bench {

namespace {

constexpr std::string_view arithmetic_opcodes[] = {
    "add", "sub", "mul", "mad",   "fma",  "div",  "rem",  "abs",  "neg", "min",   "max",   "rcp",      "sqrt", "rsqrt", "ex2",
    "lg2", "sin", "cos", "and",   "or",   "xor",  "not",  "shl",  "shr", "shf",   "setp",  "set",      "selp", "slct",  "popc",
    "clz", "bfe", "bfi", "bfind", "brev", "lop3", "prmt", "dp4a", "sad", "mul24", "mad24", "copysign", "testp"};
constexpr std::string_view memory_opcodes[] = {"ld", "st", "atom", "red"};

template <class Names>
bool among(std::string_view opcode, const Names& names) {
  return std::find(std::begin(names), std::end(names), opcode) != std::end(names);
}

/// The operation of an instruction's line, without its types: "fma" of "@%p1 fma.rn.f32 %f1, ...". Empty for anything else.
std::string_view opcode_of(std::string_view line) {
  const auto skip_blanks = [&] { line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size())); };
  skip_blanks();
  if (line.starts_with("@")) {
    line.remove_prefix(std::min(line.find_first_of(" \t"), line.size()));
    skip_blanks();
  }
  if (line.empty() || std::islower(static_cast<unsigned char>(line.front())) == 0) return {};
  return line.substr(0, line.find_first_of(". \t;"));
}

bool loads_parameter(std::string_view line) { return line.find(".param") != std::string_view::npos; }

void erase_all(std::string& from, std::string_view part) {
  for (std::size_t at = 0; (at = from.find(part, at)) != std::string::npos;) from.erase(at, part.size());
}

}  // namespace

std::map<std::string, PtxInstructions> count_ptx(const std::string& ptx) {
  std::map<std::string, PtxInstructions> kernels;
  PtxInstructions* kernel = nullptr;
  std::istringstream lines(ptx);
  for (std::string line; std::getline(lines, line);) {
    constexpr std::string_view entry = ".entry ";
    if (const std::size_t at = line.find(entry); at != std::string::npos) {
      const std::size_t begin = at + entry.size();
      kernel = &kernels[kernel_name(line.substr(begin, line.find_first_of("( \t", begin) - begin))];
    } else if (line.find(".func ") != std::string::npos) {
      kernel = nullptr;
    }
    if (kernel == nullptr) continue;
    const std::string_view opcode = opcode_of(line);
    if (among(opcode, arithmetic_opcodes)) ++kernel->arithmetic;
    if (among(opcode, memory_opcodes) && !loads_parameter(line)) ++kernel->memory;
  }
  return kernels;
}

std::string kernel_name(const std::string& mangled) {
  int status = -1;
  const std::unique_ptr<char, decltype(&std::free)> plain(abi::__cxa_demangle(mangled.c_str(), nullptr, nullptr, &status),
                                                          std::free);
  std::string name = status == 0 ? plain.get() : mangled;
  for (const char* part : {"heddle::kernels::simt_instrumented::", "heddle::kernels::simt::", "heddle::kernels::cuda::",
                           "(anonymous namespace)::", "void "}) {
    erase_all(name, part);
  }
  // The parameters begin at the first bracket that is not one of a template's, as in kernel<(Values)1>(int).
  int depth = 0;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (name[i] == '<') ++depth;
    if (name[i] == '>') --depth;
    if (name[i] == '(' && depth == 0) return name.substr(0, i);
  }
  return name;
}

}  // namespace heddle::bench
