#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "heddle/error.h"
#include "io/content_kind.h"
#include "io/interaction_files.h"
#include "io/npz_arrays.h"
#include "io/text.h"

namespace heddle::io::detail {

namespace {

/// The numbers that occur as ids, ascending; replaces each by its place among them.
IdTable ids_of(std::vector<int32_t>& numbers) {
  std::vector<int32_t> occurring = numbers;
  std::sort(occurring.begin(), occurring.end());
  occurring.erase(std::unique(occurring.begin(), occurring.end()), occurring.end());
  for (int32_t& number : numbers)
    number = static_cast<int32_t>(std::lower_bound(occurring.begin(), occurring.end(), number) - occurring.begin());
  std::vector<std::string> ids;
  ids.reserve(occurring.size());
  for (const int32_t number : occurring) ids.push_back(std::to_string(number));
  return IdTable(std::move(ids));
}

}  // namespace

InteractionLog parse_npz_interactions(std::string_view bytes, const std::string& name, const InteractionReading& how,
                                      Reading& reading) {
  refuse_columns(how.columns, "npz", name);
  NpzArrays arrays(bytes, name);
  require(has_sparse(arrays, ""), ErrorKind::bad_data, name,
          " holds no sparse matrix of users x items as SciPy's save_npz writes it (data, indices, indptr, shape; or row, col)");
  CoordinateMatrix matrix = read_sparse(arrays, "");
  const bool rated =
      std::any_of(matrix.values.begin(), matrix.values.end(), [](float value) { return value != 1 && value != 0; });
  FileReading told{.path = name, .role = "interactions", .format = "npz", .why = "holds a sparse matrix"};
  told.rows = static_cast<int64_t>(matrix.row.size());
  told.columns = {{"row", 1, 1, "user", "place"},
                  {"column", 2, 1, "item", "place"},
                  {"data", 3, 1, rated ? "rating" : "", rated ? "place" : ""}};
  reading.files.push_back(std::move(told));
  InteractionLog log;
  for (std::size_t i = 0; i < matrix.row.size(); ++i) {
    if (matrix.values[i] == 0) {
      reading.leave_out(name, "a zero is stored", static_cast<int64_t>(i) + 1);
      continue;
    }
    log.user.push_back(matrix.row[i]);
    log.item.push_back(matrix.col[i]);
    if (rated && how.rating != Wanted::no) log.rating.push_back(matrix.values[i]);
  }
  require(log.size() > 0, ErrorKind::bad_data, name, " has no interactions");
  log.users = ids_of(log.user);
  log.items = ids_of(log.item);
  return log;
}

bool is_npz_interactions(const std::string& path) { return kind_at(path).format == "npz"; }

InteractionLog read_npz_interactions(const std::string& path, const InteractionReading& how, Reading& reading) {
  const ByteBuffer bytes = read_file(path);
  InteractionLog log = parse_npz_interactions(bytes.view(), path, how, reading);
  log.name = data_name(path);
  return log;
}

}  // namespace heddle::io::detail
