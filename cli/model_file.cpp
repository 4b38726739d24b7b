#include "cli/model_file.h"

#include <string_view>
#include <utility>

#include "heddle/error.h"
#include "heddle/io.h"
#include "heddle/saved_model.h"

namespace heddle::cli {

namespace {

/// How the readers call a file that is not as it was written.
constexpr std::string_view damaged_mark = " is damaged: ", cut_off_mark = "cut off";

/// What `read` gives of the file, once its first bytes have not shown it to be something else. Of a file that is not what was
/// written it throws the reader's sentence with the way to one that is.
template <class Read>
auto of_model_file(const std::string& path, const Read& read) {
  refuse_other_files(path);
  try {
    return read();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::bad_data) throw;
    const std::string sentence = error.what();
    const bool damaged = sentence.find(damaged_mark) != std::string::npos || sentence.find(cut_off_mark) != std::string::npos;
    fail(error.kind(), sentence, damaged ? "; copy the file again from where it is whole, or train the model again" : "");
  }
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
      fail(ErrorKind::bad_data, path, " is ", found.name, ", not a model; heddle train MODEL --data ", path,
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

SavedRecommender open_recommender(const std::string& path, const Device& device) {
  return of_model_file(path, [&] {
    io::TensorReader file(path);
    require(saved_model_info(file).kind == SavedKind::recommender, ErrorKind::usage, path,
            " holds a node classifier, not a recommender; use heddle predict");
    return load_recommender(std::move(file), device);
  });
}

void add_model_argument(CLI::App& app, std::string& path) {
  app.add_option("MODEL", path, "a recommender that heddle train --save wrote")->type_name("FILE")->required();
}

}  // namespace heddle::cli
