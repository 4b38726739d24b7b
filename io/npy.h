#pragma once

#include <string_view>

#include "heddle/io.h"
#include "io/file.h"

namespace heddle::io::detail {

/// Reads a .npy file of any source; `name` begins the sentences. See heddle::io::Array.
Array parse_npy(const ByteSource& source, std::string_view name);

/// Reads an .npz archive from its bytes. Throws Error{bad_data} too where its entries would grow past max_inflated (io/limits.h).
std::map<std::string, Array> parse_npz(std::string_view bytes, std::string_view name);

}  // namespace heddle::io::detail
