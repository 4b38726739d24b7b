#pragma once

#include <string>

#include "bench/lab.h"
#include "cli/report.h"
#include "heddle/device.h"

/// How `heddle bench` tells what the lab found (docs/lab.md explains the columns, docs/cli.md the fields).
namespace heddle::cli {

std::string lab_text(const bench::LabResult& result, const Device& device, const bench::LabOptions& lab);
Json lab_json(const bench::LabResult& result, const bench::LabRow& row, const Device& device, const bench::LabOptions& lab);
/// A header of every field that some row has, then a line a row; fields with a comma or a quote are quoted.
std::string lab_csv(const Json& rows);

}  // namespace heddle::cli
