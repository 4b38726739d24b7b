#include "cli/model_file.h"

#include <string_view>
#include <utility>

#include "cli/command_line.h"
#include "heddle/error.h"
#include "heddle/io.h"
#include "heddle/saved_model.h"

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

/// What `read` gives of the file, once its first bytes have not shown it to be something else.
template <class Read>
auto of_model_file(const std::string& path, const Read& read) {
  refuse_other_files(path);
  try {
    return read();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::bad_data) throw;
    fail_damaged(path, error);
  }
}

void require_recommender(const std::string& path, const io::TensorReader& file) {
  require(saved_model_info(file).kind == SavedKind::recommender, ErrorKind::usage, path,
          " holds a node classifier, not a recommender; use heddle predict");
}

}  // namespace

void refuse_other_files(const std::string& path) {
  using io::ContentKind;
  const ContentKind found = io::content_kind_of(path);
  if (found.kind == ContentKind::safetensors) {
    require(!found.compressed, ErrorKind::bad_data, path,
            " is a gzip-compressed model; it is read as heddle train --save wrote it (gunzip it first)");
    return;
  }
  switch (found.kind) {
    case ContentKind::safetensors:
    case ContentKind::unknown: return;  // the reader says more
    case ContentKind::text:
      fail(ErrorKind::bad_data, path, " is ", found.name, ", not a model; heddle train MODEL --data ", as_word(path),
           " --save FILE makes a model of data");
    case ContentKind::npy:
      fail(ErrorKind::bad_data, path, " is ", found.name, ", not a model; heddle export writes such arrays for other programs");
    case ContentKind::zip:
      fail(ErrorKind::bad_data, path, " is ", found.name, ", not a model; a model in it must be unpacked first");
    case ContentKind::gzip:
    case ContentKind::other:
      fail(ErrorKind::bad_data, path, " is ", found.name, ", not a model; a model is what heddle train --save writes");
  }
}

SavedModelInfo open_model_info(const std::string& path) {
  return of_model_file(path, [&] { return saved_model_info(path); });
}

ModelFileSummary open_model_summary(const std::string& path) {
  return of_model_file(path, [&] { return model_file_summary(path); });
}

SavedRecommender open_recommender(const std::string& path, const Device& device) {
  return of_model_file(path, [&] {
    io::TensorReader file(path);
    require_recommender(path, file);
    return load_recommender(std::move(file), device);
  });
}

ServedFile open_served(const std::string& path, const Device& device) {
  return of_model_file(path, [&] {
    try {
      return ServedFile(path, device);
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::bad_data) require_recommender(path, io::TensorReader(path));
      throw;
    }
  });
}

void add_model_argument(CLI::App& app, std::string& path) {
  app.add_option("MODEL", path, "a recommender that heddle train --save wrote")->type_name("FILE")->required();
}

}  // namespace heddle::cli
