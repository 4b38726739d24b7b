#pragma once

#include <string_view>
#include <vector>

#include "heddle/interactions.h"
#include "io/interactions.h"

namespace heddle::io::detail {

/// Reads interactions as LightGCN, NGCF and KGAT publish them: a line holds a user and its items, separated by any white space; a
/// user may have no items, and several lines. A colon may stand behind the user. Ids that are all plain integers from 0 (no sign,
/// no leading zeros) with few gaps are numbered by value, others in the order of first appearance. One part without a place
/// (InteractionText::part) makes a log without parts. Lines that begin with # or % are comments above the first other line, and
/// behind it where all ids are plain numbers. Throws Error{bad_data} "name:line: ..." for ids that check_id refuses, and where
/// there is no interaction at all.
InteractionLog parse_lightgcn(std::vector<InteractionText> texts, Reading& reading, const ReadOptions& options = {});
/// The same of texts that may be something else, where `how` leaves the format open: what could be columns as well, or a matrix,
/// is refused.
InteractionLog read_lists(std::vector<InteractionText> texts, const InteractionReading& how, Reading& reading);

/// What lines of a text are whose fields blanks separate.
enum class LineShape {
  lists,      ///< a user and its items
  table,      ///< columns: user, item, rating, time, or a header above them
  ambiguous,  ///< as many fields in each line, users that come again, and a third column that is neither ratings nor times
  matrix,     ///< many numbers a line, which repeat in it
};
/// Told by the first lines.
LineShape line_shape(std::string_view head);

/// Whether the path is a folder with train.txt, or a text file whose fields only blanks separate, with lines of that shape.
bool is_lightgcn(const std::string& path);
InteractionLog read_lightgcn(const std::string& path, const InteractionReading& how, Reading& reading);

}  // namespace heddle::io::detail
