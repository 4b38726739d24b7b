#include <fmt/format.h>

#include <filesystem>
#include <iterator>

#include "heddle/error.h"
#include "heddle/io.h"

namespace heddle::io {

namespace {

enum class Form { csv, gexf };

Form form_of(const std::string& path) {
  const std::string extension = std::filesystem::path(path).extension().string();
  if (extension == ".csv") return Form::csv;
  if (extension == ".gexf") return Form::gexf;
  fail(ErrorKind::usage, path, ": an edge table's name must end in .csv or .gexf");
}

/// Text that XML takes in an attribute's quotes.
std::string escaped(const std::string& text) {
  std::string safe;
  for (char c : text) {
    switch (c) {
      case '&': safe += "&amp;"; break;
      case '<': safe += "&lt;"; break;
      case '"': safe += "&quot;"; break;
      default: safe += c;
    }
  }
  return safe;
}

class Rows {
 public:
  explicit Rows(const EdgeTable& table) : table_(table) {}
  std::size_t count() const { return table_.sources.size(); }
  std::size_t columns() const { return table_.columns.size(); }
  float at(std::size_t edge, std::size_t column) const { return table_.values.values[edge * columns() + column]; }

 private:
  const EdgeTable& table_;
};

std::string csv(const EdgeTable& table) {
  const Rows rows(table);
  fmt::memory_buffer text;
  const auto out = std::back_inserter(text);
  fmt::format_to(out, "source,target");
  for (const std::string& column : table.columns) fmt::format_to(out, ",{}", column);
  fmt::format_to(out, "\n");
  for (std::size_t e = 0; e < rows.count(); ++e) {
    fmt::format_to(out, "{},{}", table.sources[e], table.targets[e]);
    for (std::size_t c = 0; c < rows.columns(); ++c) fmt::format_to(out, ",{}", rows.at(e, c));
    fmt::format_to(out, "\n");
  }
  return fmt::to_string(text);
}

std::string gexf(const EdgeTable& table, const std::vector<int32_t>& labels) {
  const Rows rows(table);
  fmt::memory_buffer text;
  const auto out = std::back_inserter(text);
  fmt::format_to(out,
                 "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<gexf xmlns=\"http://gexf.net/1.3\" version=\"1.3\">\n"
                 "<graph defaultedgetype=\"directed\">\n");
  if (!labels.empty()) {
    fmt::format_to(out, "<attributes class=\"node\">\n<attribute id=\"0\" title=\"label\" type=\"integer\"/>\n</attributes>\n");
  }
  fmt::format_to(out, "<attributes class=\"edge\">\n");
  for (std::size_t c = 0; c < rows.columns(); ++c) {
    fmt::format_to(out, "<attribute id=\"{}\" title=\"{}\" type=\"float\"/>\n", c, escaped(table.columns[c]));
  }
  fmt::format_to(out, "</attributes>\n<nodes>\n");
  for (int64_t node = 0; node < table.nodes; ++node) {
    const int32_t label = labels.empty() ? -1 : labels[static_cast<std::size_t>(node)];
    if (label < 0) {
      fmt::format_to(out, "<node id=\"{0}\" label=\"{0}\"/>\n", node);
    } else {
      fmt::format_to(out, "<node id=\"{0}\" label=\"{0}\"><attvalues><attvalue for=\"0\" value=\"{1}\"/></attvalues></node>\n",
                     node, label);
    }
  }
  fmt::format_to(out, "</nodes>\n<edges>\n");
  for (std::size_t e = 0; e < rows.count(); ++e) {
    double sum = 0;
    for (std::size_t c = 0; c < rows.columns(); ++c) sum += rows.at(e, c);
    fmt::format_to(out, "<edge id=\"{}\" source=\"{}\" target=\"{}\" weight=\"{}\"><attvalues>", e, table.sources[e],
                   table.targets[e], static_cast<float>(rows.columns() > 0 ? sum / static_cast<double>(rows.columns()) : 1));
    for (std::size_t c = 0; c < rows.columns(); ++c) {
      fmt::format_to(out, "<attvalue for=\"{}\" value=\"{}\"/>", c, rows.at(e, c));
    }
    fmt::format_to(out, "</attvalues></edge>\n");
  }
  fmt::format_to(out, "</edges>\n</graph>\n</gexf>\n");
  return fmt::to_string(text);
}

}  // namespace

void check_edge_table_path(const std::string& path) { form_of(path); }

void write_edge_table(const std::string& path, const EdgeTable& table, const std::vector<int32_t>& labels) {
  const auto edges = static_cast<int64_t>(table.sources.size());
  const auto columns = static_cast<int64_t>(table.columns.size());
  require(table.targets.size() == table.sources.size() && table.values.rows == edges && table.values.cols == columns,
          ErrorKind::usage, path, ": there are ", edges, " sources, ", table.targets.size(), " targets and ", columns,
          " columns' names for values of ", table.values.rows, " x ", table.values.cols);
  require(labels.empty() || static_cast<int64_t>(labels.size()) == table.nodes, ErrorKind::usage, path, ": there are ",
          labels.size(), " labels for ", table.nodes, " nodes");
  write_file(path, form_of(path) == Form::csv ? csv(table) : gexf(table, labels));
}

}  // namespace heddle::io
