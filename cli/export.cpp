#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/model_file.h"
#include "cli/options.h"
#include "cli/report.h"
#include "cli/result_files.h"
#include "cli/run_files.h"
#include "heddle/error.h"
#include "heddle/io.h"
#include "heddle/settings.h"
#include "io/text.h"

namespace heddle::cli {

namespace {

struct ExportCommand {
  std::string model;
  std::string path;
  std::string format;
  std::string of = "items";
  DeviceOptions device;
  PrintOptions printing;

  void run() const;

 private:
  io::VectorFormat target_format() const;
};

io::VectorFormat ExportCommand::target_format() const try {
  return format.empty() ? io::vector_format_of(path) : io::vector_format_named(format, "--as");
} catch (const Error& error) {
  if (!format.empty()) throw;
  fail(error.kind(), error.what(), "; say which with --as");
}

void ExportCommand::run() const {
  using io::detail::printable;
  if (of != "items" && of != "users") refuse_choice("--of", of, {"items", "users"});
  const io::VectorFormat target = target_format();
  const std::string labels = io::vector_labels_path(path, target);
  RunFiles files;
  files.reads_file("MODEL", model);
  files.writes("--embeddings", path);
  files.writes("--embeddings", labels);
  files.check();
  note_doing("reading the model");
  const SavedRecommender saved = open_recommender(model, device.open());
  const bool items = of == "items";
  const HostMatrix vectors = items ? saved.model->item_embeddings() : saved.model->user_embeddings();
  require(items || saved.history, ErrorKind::usage, model,
          " was saved without history: it has nothing of users, their vectors neither");
  require(vectors.rows > 0, ErrorKind::usage, model, ": ", saved.model->name(), " has no embeddings of ", of);
  const IdTable& ids = items ? saved.items : saved.users;
  catch_interrupts(printing.quiet);  // of several files, none is written without the others
  ResultFiles results("");
  int64_t renamed = 0;
  results.write("the table of vectors", path,
                [&](const std::string& to) { renamed = io::write_vectors(to, target, vectors, ids); });
  results.write("the table of labels", labels, [&](const std::string& to) {
    io::write_vector_labels(to, target, ids, items ? saved.item_names : std::vector<std::string>());
  });
  results.require_saved();
  results.report([&] {
    if (printing.json) {
      Json object{{"model", saved.model->name()}, {"of", of},           {"rows", vectors.rows},
                  {"cols", vectors.cols},         {"renamed", renamed}, {"files", results.saved()}};
      add_cost(object);
      print(object);
      return;
    }
    print(fmt::format("wrote      {} of width {} to {}{}\n", grouped(vectors.rows, "vector"), vectors.cols, printable(path),
                      labels.empty() ? ""
                                     : fmt::format(", their {} to {}", target == io::VectorFormat::projector ? "labels" : "ids",
                                                   printable(labels))) +
          (renamed == 0 ? ""
                        : fmt::format("           {} with a number behind it, being another's with underscores for blanks\n",
                                      grouped(renamed, "id"))));
  });
  require(!interrupted(), ErrorKind::interrupted, "interrupted; ", results.outcome());
}

}  // namespace

void add_export(CLI::App& app, Action& action) {
  CLI::App* exporter = app.add_subcommand("export", "write a saved recommender's embeddings for other programs");
  const auto command = std::make_shared<ExportCommand>();
  add_model_argument(*exporter, command->model);
  exporter->add_option("--embeddings", command->path, "the file to write")->type_name("FILE")->required();
  exporter
      ->add_option("--as", command->format,
                   "npy, word2vec (text) or projector (vectors as TSV, and their labels in a second file) [by FILE's ending]")
      ->type_name("NAME");
  exporter->add_option("--of", command->of, "items or users")->type_name("NAME")->capture_default_str();
  command->device.add_to(*exporter);
  command->printing.add_to(*exporter);
  exporter->callback([command, &action] { action = [command] { command->run(); }; });
}

}  // namespace heddle::cli
