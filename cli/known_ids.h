#pragma once

#include <string>
#include <vector>

#include "heddle/bundle.h"

/// Users and items as a command line names them: by the ids of the data.
namespace heddle::cli {

/// "item 'oak' is unknown; that is the title of item '103', and an id is wanted here": what is said of an id that the model does
/// not know, with what may have been meant: several ids in one, the title of an item in place of its id, an id that is written
/// nearly so; else with some that there are.
std::string unknown_user_text(const SavedRecommender& saved, const std::string& id);
std::string unknown_item_text(const SavedRecommender& saved, const std::string& id);

/// Throws Error{usage} for a slip of the hand, that is, for an unknown id which is several ids in one, or the title of an item.
/// What is only unknown is nobody's mistake: of a basket it is left out, and a new user is nothing unusual.
void refuse_slip_for_user(const SavedRecommender& saved, const std::string& id);
void refuse_slip_for_item(const SavedRecommender& saved, const std::string& id);

/// The ids of a list of items with commas between, in the list's order, known or not. Where a part between two commas is no id
/// and it is one together with what follows it, that one is meant: an id may have commas. Or ids stand in quotes, as a CSV has
/// them. Throws as refuse_slip_for_item.
std::vector<std::string> listed_items(const SavedRecommender& saved, const std::string& list);

/// A line on standard error about items, or users, that are left out or answered by the fallback: what is said of the first one,
/// how many more, and `behind`; nothing where there are none, or with `quiet`.
void tell_unknown_items(const SavedRecommender& saved, const std::vector<std::string>& unknown, const std::string& behind,
                        bool quiet);
void tell_unknown_users(const SavedRecommender& saved, const std::vector<std::string>& unknown, const std::string& behind,
                        bool quiet);

}  // namespace heddle::cli
