#include <charconv>
#include <filesystem>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "heddle/error.h"
#include "heddle/io.h"
#include "heddle/rethrow.h"
#include "io/text.h"
#include "io/xml.h"

namespace heddle::io {

namespace {

enum class Form { csv, gexf };

Form form_of(const std::string& path) {
  const std::string extension = std::filesystem::path(path).extension().string();
  if (extension == ".csv") return Form::csv;
  if (extension == ".gexf") return Form::gexf;
  fail(ErrorKind::usage, path, ": an edge table's name must end in .csv or .gexf");
}

/// Text that grows by pieces; numbers as the shortest that reads back as the same.
class Text {
 public:
  Text& operator<<(std::string_view piece) {
    text_ += piece;
    return *this;
  }
  template <class Number>
  requires std::is_arithmetic_v<Number> Text& operator<<(Number number) {
    char digits[32];
    text_.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
    return *this;
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

float value_at(const EdgeTable& table, std::size_t edge, std::size_t column) {
  return table.values.values[edge * table.columns.size() + column];
}

bool is_written(const EdgeTable& table, std::size_t edge, const EdgeTableOptions& options) {
  return options.self_loops || table.sources[edge] != table.targets[edge];
}

/// What a node is called: by its id, else by its number.
std::string node_name(int64_t node, const EdgeTableOptions& options) {
  const bool named = options.node_ids != nullptr && options.node_ids->size() > 0;
  return named ? (*options.node_ids)[node] : std::to_string(node);
}

/// The same of a class.
std::string class_name(int32_t number, const EdgeTableOptions& options) {
  const bool named = options.class_names != nullptr && static_cast<std::size_t>(number) < options.class_names->size();
  return named ? (*options.class_names)[static_cast<std::size_t>(number)] : std::to_string(number);
}

std::string csv(const EdgeTable& table, const EdgeTableOptions& options) {
  Text out;
  out << "source,target";
  for (const std::string& column : table.columns) out << "," << column;
  out << "\n";
  for (std::size_t e = 0; e < table.sources.size(); ++e) {
    if (!is_written(table, e, options)) continue;
    out << detail::csv_field(node_name(table.sources[e], options)) << ","
        << detail::csv_field(node_name(table.targets[e], options));
    for (std::size_t c = 0; c < table.columns.size(); ++c) out << "," << value_at(table, e, c);
    out << "\n";
  }
  return out.take();
}

/// An attribute of the nodes. Not "label": that is what GEXF calls the name of a node, and readers take one for the other.
struct NodeAttribute {
  const char* title;
  const std::vector<int32_t>& values;
};

std::string gexf(const EdgeTable& table, const EdgeTableOptions& options) {
  const std::size_t columns = table.columns.size();
  const NodeAttribute attributes[] = {{"class", options.classes}, {"predicted", options.predicted}};
  Text out;
  out << "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<gexf xmlns=\"http://gexf.net/1.3\" version=\"1.3\">\n"
      << "<graph defaultedgetype=\"directed\">\n<attributes class=\"node\">\n";
  for (const auto& [title, values] : attributes) {
    const bool words = options.class_names != nullptr && !options.class_names->empty();
    if (!values.empty())
      out << "<attribute id=\"" << title << "\" title=\"" << title << "\" type=\"" << (words ? "string" : "integer") << "\"/>\n";
  }
  out << "</attributes>\n";
  out << "<attributes class=\"edge\">\n";
  for (std::size_t c = 0; c < columns; ++c) {
    out << "<attribute id=\"" << c << "\" title=\"" << xml_escaped(table.columns[c]) << "\" type=\"float\"/>\n";
  }
  out << "</attributes>\n<nodes>\n";
  for (int64_t node = 0; node < table.nodes; ++node) {
    const std::string name = xml_escaped(node_name(node, options));
    out << "<node id=\"" << name << "\" label=\"" << name << "\"><attvalues>";
    for (const auto& [title, values] : attributes) {
      const int32_t value = values.empty() ? -1 : values[static_cast<std::size_t>(node)];
      if (value >= 0) out << "<attvalue for=\"" << title << "\" value=\"" << xml_escaped(class_name(value, options)) << "\"/>";
    }
    out << "</attvalues></node>\n";
  }
  out << "</nodes>\n<edges>\n";
  for (std::size_t e = 0; e < table.sources.size(); ++e) {
    if (!is_written(table, e, options)) continue;
    double sum = 0;
    for (std::size_t c = 0; c < columns; ++c) sum += value_at(table, e, c);
    const auto mean = static_cast<float>(columns > 0 ? sum / static_cast<double>(columns) : 1);
    out << "<edge id=\"" << e << "\" source=\"" << xml_escaped(node_name(table.sources[e], options)) << "\" target=\""
        << xml_escaped(node_name(table.targets[e], options)) << "\" weight=\"" << mean << "\"><attvalues>";
    for (std::size_t c = 0; c < columns; ++c) out << "<attvalue for=\"" << c << "\" value=\"" << value_at(table, e, c) << "\"/>";
    out << "</attvalues></edge>\n";
  }
  out << "</edges>\n</graph>\n</gexf>\n";
  return out.take();
}

}  // namespace

void check_edge_table_path(const std::string& path) try { form_of(path); } catch (...) {
  rethrow_as_error();
}

void write_edge_table(const std::string& path, const EdgeTable& table, const EdgeTableOptions& options) try {
  const auto edges = static_cast<int64_t>(table.sources.size());
  const auto columns = static_cast<int64_t>(table.columns.size());
  require(table.targets.size() == table.sources.size() && table.values.rows == edges && table.values.cols == columns,
          ErrorKind::usage, path, ": ", there_are(edges, "source"), ", ", counted(table.targets.size(), "target"), " and ",
          counted(columns, "name"), " of columns for values of ", table.values.rows, " x ", table.values.cols);
  for (const auto* const values : {&options.classes, &options.predicted}) {
    require(values->empty() || static_cast<int64_t>(values->size()) == table.nodes, ErrorKind::usage, path, ": ",
            there_are(values->size(), "class", "classes"), " for ", counted(table.nodes, "node"));
  }
  require(options.node_ids == nullptr || options.node_ids->size() == 0 || options.node_ids->size() == table.nodes,
          ErrorKind::usage, path, ": ", there_are(options.node_ids == nullptr ? 0 : options.node_ids->size(), "id"), " for ",
          counted(table.nodes, "node"));
  write_file(path, form_of(path) == Form::csv ? csv(table, options) : gexf(table, options));
} catch (...) {
  rethrow_as_error();
}

}  // namespace heddle::io
