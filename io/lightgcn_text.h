#pragma once

#include <span>
#include <string_view>

#include "heddle/interactions.h"
#include "io/interactions.h"

namespace heddle::io::detail {

/// Reads interactions as LightGCN, NGCF and KGAT publish them: a line holds a user and its items, separated by any white space; a
/// user may have no items, and several lines. Ids that are all plain integers from 0 (no sign, no leading zeros) with few gaps
/// are numbered by value, others in the order of first appearance. One part without a place (InteractionText::part) makes a log
/// without parts. Throws Error{bad_data} "name:line: ..." for ids that check_id refuses, and where there is no interaction at
/// all. `progress` is told "reading the data".
InteractionLog parse_lightgcn(std::span<const InteractionText> texts, const ProgressCallback& progress = {});

/// Whether the path is a folder with train.txt, or a text file whose columns only blanks separate.
bool is_lightgcn(const std::string& path);
InteractionLog read_lightgcn(const std::string& path, const InteractionColumns& columns, const ProgressCallback& progress);

}  // namespace heddle::io::detail
