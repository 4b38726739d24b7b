#pragma once

#include <string>

#include "cli/report.h"
#include "heddle/saved_model.h"

/// What `heddle info FILE` tells of a model's file.
namespace heddle::cli {

std::string model_file_text(const ModelFileSummary& summary, const std::string& path);
Json model_file_json(const ModelFileSummary& summary, const std::string& path);

}  // namespace heddle::cli
