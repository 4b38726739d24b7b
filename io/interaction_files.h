#pragma once

#include <string>

#include "heddle/io.h"

/// The delimited formats of interaction data: which files make one up, and where its titles are.
namespace heddle::io::detail {

/// RecBole's atomic files: NAME.inter, or a folder with one; NAME.item gives titles.
bool is_recbole(const std::string& path);
InteractionLog read_recbole(const std::string& path, const InteractionColumns& columns, const ProgressCallback& progress);

/// MovieLens: u.data, ratings.dat, ratings.csv, a text with two colons between columns, or a folder with one.
bool is_movielens(const std::string& path);
InteractionLog read_movielens(const std::string& path, const InteractionColumns& columns, const ProgressCallback& progress);

/// Any text file, or a folder with train.csv and dev.csv, val.csv or test.csv.
bool is_csv(const std::string& path);
InteractionLog read_csv(const std::string& path, const InteractionColumns& columns, const ProgressCallback& progress);

}  // namespace heddle::io::detail
