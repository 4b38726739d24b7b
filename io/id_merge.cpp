#include "io/id_merge.h"

#include <algorithm>
#include <array>
#include <utility>

namespace heddle::io::detail {

IdMerge::IdMerge(std::vector<IdBuilder*> tables, Renumbering& numbers) : tables_(std::move(tables)), numbers_(numbers) {
  const auto smaller = [](const IdBuilder* a, const IdBuilder* b) { return a->ids().size() < b->ids().size(); };
  most_ = static_cast<std::size_t>(std::max_element(tables_.begin(), tables_.end(), smaller) - tables_.begin());
  alone_ = std::count_if(tables_.begin(), tables_.end(), [](const IdBuilder* table) { return !table->ids().empty(); }) <= 1;
  numbers_.assign(tables_.size(), {});
  if (alone_) return;
  for (std::size_t i = 0; i < tables_.size(); ++i) numbers_[i].resize(tables_[i]->ids().size());
}

void IdMerge::add_lookups(std::vector<std::function<void()>>& tasks) {
  constexpr std::size_t piece = std::size_t{1} << 14;
  for (std::size_t i = 0; i < tables_.size() && !alone_; ++i) {
    for (std::size_t begin = 0; begin < tables_[i]->ids().size() && i != most_; begin += piece) {
      tasks.emplace_back([this, i, begin] { look_up(i, begin, std::min(begin + piece, tables_[i]->ids().size())); });
    }
  }
}

std::vector<std::string> IdMerge::finish(std::span<const MetIds> blocks) {
  IdBuilder& all = *tables_[most_];
  if (alone_) return std::move(all.ids());
  for (std::size_t i = 0; i < tables_.size(); ++i) {
    for (std::size_t at = 0; at < numbers_[i].size(); ++at) {
      int32_t& number = numbers_[i][at];
      if (i == most_) number = static_cast<int32_t>(at);
      if (number < 0) number = all.insert(HashedId(tables_[i]->ids()[at]));
    }
  }
  std::vector<int32_t> final_number(all.ids().size(), -1);
  int32_t next = 0;
  for (const MetIds& block : blocks) {
    const std::vector<int32_t>& met = numbers_[static_cast<std::size_t>(block.worker)];
    for (int32_t at = block.first; at < block.last; ++at) {
      int32_t& number = final_number[static_cast<std::size_t>(met[static_cast<std::size_t>(at)])];
      if (number < 0) number = next++;
    }
  }
  for (std::vector<int32_t>& of_worker : numbers_) {
    for (int32_t& number : of_worker) number = final_number[static_cast<std::size_t>(number)];
  }
  std::vector<std::string> ids(all.ids().size());
  for (std::size_t i = 0; i < ids.size(); ++i) ids[static_cast<std::size_t>(final_number[i])] = std::move(all.ids()[i]);
  return ids;
}

void IdMerge::look_up(std::size_t table, std::size_t begin, std::size_t end) {
  constexpr std::size_t ahead = 16;
  std::array<HashedId, ahead> hashed;
  const std::vector<std::string>& ids = tables_[table]->ids();
  for (std::size_t at = begin; at < end; at += ahead) {
    const std::size_t count = std::min(ahead, end - at);
    for (std::size_t i = 0; i < count; ++i) {
      hashed[i] = HashedId(ids[at + i]);
      tables_[most_]->prefetch(hashed[i]);
    }
    for (std::size_t i = 0; i < count; ++i) numbers_[table][at + i] = tables_[most_]->find(hashed[i]);
  }
}

}  // namespace heddle::io::detail
