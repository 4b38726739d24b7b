#include "cli/model_file.h"

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <utility>

#include "cli/command_line.h"
#include "engine/bundle/recommender_file.h"
#include "heddle/error.h"
#include "heddle/io.h"
#include "io/content_kind.h"
#include "io/file.h"

namespace heddle::cli {

namespace {

/// Throws what reading a model from `path` threw on: of a file that is not what was written, with the way to one that is.
[[noreturn]] void fail_damaged(const std::string& path, const Error& error) {
  const std::string sentence = error.what();
  // How the readers call such a file, behind its path: that may have any words in it.
  const std::string_view behind = std::string_view(sentence).substr(sentence.starts_with(path) ? path.size() : 0);
  const bool damaged = behind.starts_with(" is damaged: ") || behind.starts_with(" is cut off: ") ||
                       behind.starts_with(" is not a safetensors file, or cut off: ");
  fail(error.kind(), sentence, damaged ? "; copy the file again from where it is whole, or train the model again" : "");
}

/// The file as `read` takes it, once its first bytes have not shown it to be something else.
template <class Read>
auto of_model_file(const std::string& path, const Read& read) {
  refuse_other_files(path);
  try {
    return read(path);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::bad_data) throw;
    fail_damaged(path, error);
  }
}

}  // namespace

void refuse_other_files(const std::string& path) {
  using io::detail::ContentKind;
  const io::detail::InputFile file(path);
  std::string head(static_cast<std::size_t>(std::min<int64_t>(file.size(), 4096)), '\0');
  file.read(0, head.data(), static_cast<int64_t>(head.size()));
  ContentKind found = io::detail::content_kind(head);
  std::string name = found.name;
  if (found.kind == ContentKind::gzip) {
    found = io::detail::content_kind(io::detail::gunzip_head(head, 4096));
    require(found.kind != ContentKind::safetensors, ErrorKind::bad_data, path,
            " is a gzip-compressed model; it is read as heddle train --save wrote it (gunzip it first)");
    name += ", " + found.name;
  }
  switch (found.kind) {
    case ContentKind::safetensors:
    case ContentKind::unknown: return;  // the reader says more
    case ContentKind::text:
      fail(ErrorKind::bad_data, path, " is ", name, ", not a model; heddle train MODEL --data ", as_word(path),
           " --save FILE makes a model of data");
    case ContentKind::npy:
      fail(ErrorKind::bad_data, path, " is ", name, ", not a model; heddle export writes such arrays for other programs");
    case ContentKind::zip: fail(ErrorKind::bad_data, path, " is ", name, ", not a model; a model in it must be unpacked first");
    case ContentKind::gzip:
    case ContentKind::other:
      fail(ErrorKind::bad_data, path, " is ", name, ", not a model; a model is what heddle train --save writes");
  }
}

io::TensorFile read_model_file(const std::string& path) { return of_model_file(path, io::read_safetensors); }

SavedRecommender open_recommender(const std::string& path, const Device& device) {
  io::TensorReader file = of_model_file(path, [](const std::string& name) { return io::TensorReader(name); });
  const auto format = file.metadata().find("format");
  require(format == file.metadata().end() || format->second != "heddle-model", ErrorKind::usage, path,
          " holds a node classifier, not a recommender; use heddle predict");
  try {
    return recommending::recommender_from(std::move(file), device);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::bad_data) throw;
    fail_damaged(path, error);
  }
}

std::string unfinished_text(const std::map<std::string, std::string>& metadata) {
  const auto entry = [&](const char* key) {
    const auto found = metadata.find(key);
    return found == metadata.end() ? std::string() : found->second;
  };
  const std::string why = entry("unfinished");
  if (why.empty()) return "";
  const std::string epochs = entry("epochs_planned");
  return text("its training ", why == "diverged" ? why : "was " + why,
              epochs.empty() ? "" : text(" after ", entry("epochs"), " of ", epochs, epochs == "1" ? " epoch" : " epochs"),
              entry("undecided") == "weight" ? ", before its blend's weight was chosen" : "");
}

void add_model_argument(CLI::App& app, std::string& path) {
  app.add_option("MODEL", path, "a recommender that heddle train --save wrote")->type_name("FILE")->required();
}

}  // namespace heddle::cli
