#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "heddle/error.h"
#include "heddle/io.h"
#include "heddle/rethrow.h"
#include "io/file.h"
#include "io/text.h"

namespace heddle::io {

namespace {

constexpr std::size_t most_of_member = std::size_t{1} << 26;  ///< bytes that are compressed at once

/// How the fields of a line are put together.
struct TableForm {
  const char* header;
  const char* before[5];  ///< each of the five fields
  const char* end;
  const char* nothing;  ///< in place of a label or a split that there is not
  const char* quote;    ///< around a split
  char separator;       ///< between the fields; '\0': the fields are JSON
};

TableForm table_form(TableFormat format) {
  switch (format) {
    case TableFormat::tsv:
      return {"node\tpredicted\tlabel\tprobability\tsplit\n", {"", "\t", "\t", "\t", "\t"}, "\n", "", "", '\t'};
    case TableFormat::csv: return {"node,predicted,label,probability,split\n", {"", ",", ",", ",", ","}, "\n", "", "", ','};
    case TableFormat::json_lines:
      return {"",    {R"({"node": )", R"(, "predicted": )", R"(, "label": )", R"(, "probability": )", R"(, "split": )"},
              "}\n", "null",
              "\"",  '\0'};
  }
  fail(ErrorKind::usage, "there is no such format of a table");
}

std::string six_decimals(float value) {
  char digits[64];
  return {digits, std::to_chars(digits, digits + sizeof digits, value, std::chars_format::fixed, 6).ptr};
}

/// A name as a field: in JSON a string, else in quotes where it needs them.
std::string name_field(const std::string& name, const TableForm& form) {
  return form.separator == '\0' ? detail::json_string(name) : detail::csv_field(name, form.separator);
}

std::string class_field(int32_t number, const NodeDataset& data, const TableForm& form) {
  const auto at = static_cast<std::size_t>(number);
  return number >= 0 && at < data.class_names.size() ? name_field(data.class_names[at], form) : std::to_string(number);
}

std::vector<const char*> split_names(const NodeDataset& data) {
  std::vector<const char*> names(static_cast<std::size_t>(data.nodes), nullptr);
  for (const auto& [name, nodes] :
       {std::pair("train", &data.train), std::pair("val", &data.val), std::pair("test", &data.test)}) {
    for (const int32_t node : *nodes) {
      require(node >= 0 && node < data.nodes, ErrorKind::usage, data.name, ": node ", node, " of a split, ",
              there_are(data.nodes));
      names[static_cast<std::size_t>(node)] = name;
    }
  }
  return names;
}

}  // namespace

std::string predictions_text(const NodePredictions& predictions, const NodeDataset& data, TableFormat format) try {
  const auto nodes = static_cast<std::size_t>(data.nodes);
  require(predictions.predicted.size() == nodes && predictions.probability.size() == nodes, ErrorKind::usage, data.name, ": ",
          there_are(predictions.predicted.size(), "predicted class", "predicted classes"), " and ",
          counted(predictions.probability.size(), "probability", "probabilities"), " for ", counted(data.nodes, "node"));
  require(data.labels.empty() || data.labels.size() == nodes, ErrorKind::usage, data.name, ": ",
          there_are(data.labels.size(), "label"), " for ", counted(data.nodes, "node"));
  require(data.node_ids.size() == 0 || data.node_ids.size() == data.nodes, ErrorKind::usage, data.name, ": ",
          there_are(data.node_ids.size(), "id"), " for ", counted(data.nodes, "node"));
  const TableForm form = table_form(format);
  const std::vector<const char*> splits = split_names(data);
  std::string table = form.header;
  for (std::size_t node = 0; node < nodes; ++node) {
    const int32_t label = data.labels.empty() ? -1 : data.labels[node];
    table += form.before[0];
    table += data.node_ids.size() > 0 ? name_field(data.node_ids[static_cast<int64_t>(node)], form) : std::to_string(node);
    table += form.before[1] + class_field(predictions.predicted[node], data, form);
    table += form.before[2] + (label < 0 ? form.nothing : class_field(label, data, form));
    table += form.before[3] + six_decimals(predictions.probability[node]);
    table += form.before[4];
    table += splits[node] == nullptr ? form.nothing : form.quote + std::string(splits[node]) + form.quote;
    table += form.end;
  }
  return table;
} catch (...) {
  rethrow_as_error();
}

TableFileForm table_file_form(const std::string& path) try {
  const auto [ending, gzip] = detail::ending_of(path);
  TableFileForm form{.format = TableFormat::tsv, .gzip = gzip};
  if (ending == ".csv") form.format = TableFormat::csv;
  if (ending == ".jsonl") form.format = TableFormat::json_lines;
  return form;
} catch (...) {
  rethrow_as_error();
}

void write_predictions(const std::string& path, const NodePredictions& predictions, const NodeDataset& data) try {
  const TableFileForm form = table_file_form(path);
  const std::string table = predictions_text(predictions, data, form.format);
  if (!form.gzip) {
    write_file(path, table);
    return;
  }
  detail::AtomicFile file(path);
  for (std::string_view rest = table; !rest.empty(); rest.remove_prefix(std::min(rest.size(), most_of_member)))
    file.write(detail::gzip_member(rest.substr(0, most_of_member)));
  file.commit();
} catch (...) {
  rethrow_as_error();
}

}  // namespace heddle::io
