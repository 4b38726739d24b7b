#pragma once

#include <string>
#include <vector>

#include "heddle/io.h"
#include "io/interactions.h"
#include "io/table.h"

/// The delimited formats of interaction data: which files make one up, and where its titles are.
namespace heddle::io::detail {

/// RecBole's atomic files: NAME.inter, or a folder with one; NAME.item gives titles.
bool is_recbole(const std::string& path);
InteractionLog read_recbole(const std::string& path, const InteractionReading& how, Reading& reading);

/// A sparse matrix of users x items in a .npz; the numbers of its rows and columns, from 0, are the ids. Stored zeros are left
/// out, and counted; values that are not all 1 are the ratings.
InteractionLog parse_npz_interactions(std::string_view bytes, const std::string& name, const InteractionReading& how,
                                      Reading& reading);
bool is_npz_interactions(const std::string& path);
InteractionLog read_npz_interactions(const std::string& path, const InteractionReading& how, Reading& reading);

/// JSON with an object a record (io/json_records.h): the columns are its keys, those of objects inside joined by points. Of
/// several texts the first tells which keys are for what.
InteractionLog parse_json_records(std::vector<InteractionText> sources, const InteractionReading& how, Reading& reading);
bool is_json_records(const std::string& path);
InteractionLog read_json_records(const std::string& path, const InteractionReading& how, Reading& reading);

/// MovieLens: u.data, ratings.dat, ratings.csv, a text with two colons between columns, or a folder with one.
bool is_movielens(const std::string& path);
InteractionLog read_movielens(const std::string& path, const InteractionReading& asked, Reading& reading);

/// Any text file, or a folder with train and val or test, .csv, .tsv or .txt.
bool is_csv(const std::string& path);
InteractionLog read_csv(const std::string& path, const InteractionReading& how, Reading& reading);

/// A Matrix Market file of users x items: its numbers, from 1, are the ids.
bool is_interaction_matrix(const std::string& path);
InteractionLog read_interaction_matrix(const std::string& path, const InteractionReading& asked, Reading& reading);

/// Texts with columns that are one log, or its parts; `one_shape`: they must have the same header, or as many columns.
InteractionLog read_columns(std::vector<InteractionText> texts, const InteractionReading& how, bool one_shape, Reading& reading);
/// How a file of RecBole's is written.
TableForm recbole_form_of(const std::string& path);

/// What validation is called.
inline constexpr const char* validation_names[] = {"val", "valid", "validation", "dev"};
/// How files with columns end, and files with JSON.
inline const std::vector<std::string> column_endings = {".csv", ".tsv", ".txt"};
inline const std::vector<std::string> json_endings = {".jsonl", ".json", ".ndjson"};

/// The file of a folder that holds training, by its name with one of `endings`; empty: there is none. Throws Error{bad_data}
/// where two are called so.
std::string train_file(const std::string& folder, const std::vector<std::string>& endings);
/// train, val (or valid, validation, dev) and test of a folder, each with one of `endings`, whatever the case; none where there
/// is no train. Throws Error{bad_data} where two files are the same part.
std::vector<InteractionText> part_texts(const std::string& folder, const std::vector<std::string>& endings,
                                        const ReadOptions& options);

/// Adds what is in the folder, if the path is one, and was not read; of a file that is named like a part of the data a note.
void list_unread(const std::string& path, Reading& reading);

}  // namespace heddle::io::detail
