#include "cli/model_file.h"

#include "heddle/error.h"
#include "heddle/io.h"

namespace heddle::cli {

namespace {

/// Of a safetensors file that can be read, its metadata entry "format"; else empty.
std::string file_format(const std::string& path) {
  try {
    const io::TensorFile file = io::read_safetensors(path);
    const auto found = file.metadata.find("format");
    return found == file.metadata.end() ? std::string() : found->second;
  } catch (const Error&) {
    return {};
  }
}

}  // namespace

SavedRecommender open_recommender(const std::string& path, const Device& device) {
  try {
    return load_recommender(path, device);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::bad_data || file_format(path) != "heddle-model") throw;
    fail(ErrorKind::usage, path, " holds a node classifier, not a recommender; use heddle predict");
  }
}

std::string unfinished_text(const std::map<std::string, std::string>& metadata) {
  const auto entry = [&](const char* key) {
    const auto found = metadata.find(key);
    return found == metadata.end() ? std::string() : found->second;
  };
  const std::string why = entry("unfinished");
  if (why.empty()) return "";
  return text("its training ", why == "diverged" ? why : "was " + why, " after ", entry("epochs"), " of ",
              entry("epochs_planned"), " epochs");
}

void add_model_argument(CLI::App& app, std::string& path) {
  app.add_option("MODEL", path, "a recommender that heddle train --save wrote")->type_name("FILE")->required();
}

}  // namespace heddle::cli
