// Reads the .npz file that it is given and prints what came of it, in one line: tests run it where libzip cannot be opened.
#include <iostream>

#include "heddle/error.h"
#include "heddle/io.h"
#include "heddle/version.h"

int main(int argc, char** argv) {
  try {
    std::cout << heddle::io::read_npz(argc > 1 ? argv[1] : "").size() << " arrays\n";
  } catch (const heddle::Error& error) {
    std::cout << to_string(error.kind()) << ": " << error.what() << "\n";
  }
  for (const auto& [name, version] : heddle::build_info().libraries) std::cout << name << " " << version << "\n";
}
