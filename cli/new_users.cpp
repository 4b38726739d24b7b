#include "cli/new_users.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "cli/metrics.h"
#include "heddle/error.h"

namespace heddle::cli {

namespace {

/// `matrix` with the given rows in place of its own.
HostCsr with_rows(const HostCsr& matrix, const std::vector<int32_t>& rows, const std::vector<std::vector<int32_t>>& columns) {
  std::vector<const std::vector<int32_t>*> replaced(static_cast<std::size_t>(matrix.rows), nullptr);
  for (std::size_t i = 0; i < rows.size(); ++i) replaced[static_cast<std::size_t>(rows[i])] = &columns[i];
  HostCsr result{.rows = matrix.rows, .cols = matrix.cols, .row_offsets = {0}, .col_indices = {}, .values = {}};
  const bool weighted = !matrix.values.empty();
  for (std::size_t row = 0; row < replaced.size(); ++row) {
    const int64_t first = matrix.row_offsets[row];
    const int64_t last = matrix.row_offsets[row + 1];
    if (replaced[row] != nullptr) {
      result.col_indices.insert(result.col_indices.end(), replaced[row]->begin(), replaced[row]->end());
      if (weighted) result.values.insert(result.values.end(), replaced[row]->size(), 1.0f);
    } else {
      result.col_indices.insert(result.col_indices.end(), matrix.col_indices.begin() + first, matrix.col_indices.begin() + last);
      if (weighted) result.values.insert(result.values.end(), matrix.values.begin() + first, matrix.values.begin() + last);
    }
    result.row_offsets.push_back(result.nnz());
  }
  return result;
}

std::vector<int32_t> row_of(const HostCsr& matrix, std::size_t row) {
  return {matrix.col_indices.begin() + matrix.row_offsets[row], matrix.col_indices.begin() + matrix.row_offsets[row + 1]};
}

Fitted fit_whole(const FitPlan& plan, const InteractionDataset& data, const FitRequest& request) {
  Fitted fitted = plan.fit(data, request);
  if (fitted.failure) throw Error(*fitted.failure);
  require(!fitted.interrupted(), ErrorKind::interrupted, "interrupted while training for --new-users, of which nothing is saved");
  return fitted;
}

}  // namespace

NewUsers choose_new_users(const FitPlan& plan, const InteractionDataset& data, double share, uint64_t seed) {
  NewUsers kept_out = keep_out_users(data, share, seed);
  // Before the given items come back: none of those may be lost to validation.
  if (std::optional<InteractionDataset> held_out = held_out_for(plan, kept_out.rest, seed)) kept_out.rest = *std::move(held_out);
  plan.check(kept_out.rest, seed);
  return kept_out;
}

NewUserFigures judge_new_users(const FitPlan& plan, NewUsers kept_out, const EvaluateOptions& options,
                               const FitRequest& request) {
  InteractionDataset& rest = kept_out.rest;
  NewUserFigures figures{.users = static_cast<int64_t>(kept_out.users.size()), .as_new = {}, .as_known = {}};
  {
    const ProgressSubject as_new(request.progress, "as new");
    const Fitted fitted = fit_whole(plan, rest, request);
    figures.choice_s += fitted.choice_s;
    figures.fit_s += fitted.fit_s;
    figures.as_new = evaluate_visitors(*fitted.model, kept_out.given, kept_out.targets, options, request.progress.callback());
  }
  std::vector<std::vector<int32_t>> given, targets;
  for (std::size_t i = 0; i < kept_out.users.size(); ++i) {
    given.push_back(kept_out.given[i].items);
    std::sort(given.back().begin(), given.back().end());
    targets.push_back(row_of(kept_out.targets, i));
  }
  rest.train = with_rows(rest.train, kept_out.users, given);
  const HostCsr nothing{.rows = rest.train.rows,
                        .cols = rest.train.cols,
                        .row_offsets = std::vector<int64_t>(static_cast<std::size_t>(rest.train.rows) + 1),
                        .col_indices = {},
                        .values = {}};
  const ProgressSubject as_known(request.progress, "as known");
  const Fitted fitted = fit_whole(plan, rest, request);
  figures.choice_s += fitted.choice_s;
  figures.fit_s += fitted.fit_s;
  figures.as_known =
      evaluate_unless_empty(*fitted.model, rest, with_rows(nothing, kept_out.users, targets), options, request.progress);
  return figures;
}

std::string new_users_text(const NewUserFigures& figures) {
  std::string text =
      fmt::format("new users  {} kept out, half of their items given; as known: trained again with the given items\n",
                  grouped(figures.users));
  text += metrics_text("as new", figures.as_new);
  text += metrics_text("as known", figures.as_known);
  for (const auto& [name, known] : figures.as_known.values) {
    if (!name.starts_with("recall@") && !name.starts_with("ndcg@")) continue;
    const double as_new = figures.as_new.values.at(name);
    text += fmt::format("           {}: {:+.4f}{} for being new\n", name, as_new - known,
                        known > 0 ? fmt::format(" ({:+.1f} %)", 100 * (as_new - known) / known) : "");
  }
  return text;
}

Json new_users_json(const NewUserFigures& figures) {
  Json difference = Json::object();
  for (const auto& [name, known] : figures.as_known.values) difference[name] = figures.as_new.values.at(name) - known;
  return {{"users", figures.users},
          {"as_new", metrics_json(figures.as_new)},
          {"as_known", metrics_json(figures.as_known)},
          {"difference", std::move(difference)},
          {"choice_s", figures.choice_s},
          {"fit_s", figures.fit_s}};
}

}  // namespace heddle::cli
