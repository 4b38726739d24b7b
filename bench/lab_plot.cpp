#include "bench/lab_plot.h"

#include <algorithm>
#include <cstdio>

#include "heddle/error.h"
#include "io/xml.h"

namespace heddle::bench {

namespace {

constexpr int left = 190, bar_height = 16, row_height = 20, group_gap = 34, width = 900, bar_width = 560, top = 44;

/// Three significant digits.
std::string figure(double value) {
  char digits[32];
  std::snprintf(digits, sizeof digits, "%.3g", value);
  return digits;
}

double value_of(const LabRow& row) { return row.time ? row.time->median_ms : row.count ? row.count->estimate.us : 0; }

}  // namespace

std::string lab_plot(std::span<const LabResult> results, const std::string& caption) {
  std::string body;
  int y = top;
  for (const LabResult& result : results) {
    double most = 0;
    for (const LabRow& row : result.rows_by_rank) most = std::max(most, value_of(row));
    if (most == 0) continue;
    body += text("<text x=\"10\" y=\"", y + 12, "\" font-weight=\"bold\">",
                 io::xml_escaped(text(result.op, ", ", result.input, ", width ", result.width)), "</text>\n");
    y += row_height;
    for (const LabRow& row : result.rows_by_rank) {
      const double value = value_of(row);
      if (value == 0) continue;
      const int length = std::max(1, static_cast<int>(bar_width * value / most));
      body += text("<text x=\"", left - 8, "\" y=\"", y + 12, "\" text-anchor=\"end\">", io::xml_escaped(row.variant),
                   row.chosen  ? " *"
                   : row.added ? " +"
                               : "",
                   "</text>\n<rect x=\"", left, "\" y=\"", y, "\" width=\"", length, "\" height=\"", bar_height, "\" fill=\"",
                   row.chosen          ? "#2b6cb0"
                   : row.deterministic ? "#8fb3d9"
                                       : "#d9a98f",
                   "\"/>\n<text x=\"", left + length + 6, "\" y=\"", y + 12, "\">", figure(value),
                   row.time ? " ms" : " us, estimated", "</text>\n");
      y += row_height;
    }
    y += group_gap - row_height;
  }
  return text("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"", width,
              "\" height=\"", y + 30,
              "\" font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n",
              "<text x=\"10\" y=\"20\" font-size=\"14\">", io::xml_escaped(caption), "</text>\n", body, "<text x=\"10\" y=\"",
              y + 16, "\">* the automatic choice; + from a file; reddish: the bits depend on the schedule</text>\n</svg>\n");
}

}  // namespace heddle::bench
