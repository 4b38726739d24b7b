#include "io/edges.h"

#include <algorithm>

namespace heddle::io::detail {

int64_t sort_unique(std::vector<Edge>& edges) {
  if (!std::is_sorted(edges.begin(), edges.end())) std::sort(edges.begin(), edges.end());
  const auto end = std::unique(edges.begin(), edges.end());
  const int64_t removed = edges.end() - end;
  edges.erase(end, edges.end());
  return removed;
}

MergedEdges merge_listed(std::vector<ListedEdge>& listed, RepeatedEdges repeated,
                         const std::function<void(float kept, const ListedEdge& next)>& differ) {
  std::sort(listed.begin(), listed.end(),
            [](const ListedEdge& a, const ListedEdge& b) { return a.edge != b.edge ? a.edge < b.edge : a.place < b.place; });
  MergedEdges merged;
  merged.edges.reserve(listed.size());
  merged.weights.reserve(listed.size());
  for (auto first = listed.begin(); first != listed.end();) {
    auto next = first + 1;
    float sum = first->weight, most = first->weight;
    double total = first->weight;
    bool differs = false, other_way = false;
    for (; next != listed.end() && next->edge == first->edge; ++next) {
      if (next->weight != first->weight) {
        if (repeated == RepeatedEdges::same) differ(first->weight, *next);
        if (!differs && (merged.first_differing == 0 || next->place < merged.first_differing))
          merged.first_differing = next->place;
        differs = true;
      }
      other_way = other_way || next->backwards != first->backwards;
      sum += next->weight;
      total += next->weight;
      most = std::max(most, next->weight);
    }
    const auto times = next - first;
    merged.repeats += times - 1;
    merged.differing += differs;
    merged.both_ways += other_way;
    merged.edges.push_back(first->edge);
    merged.weights.push_back(repeated == RepeatedEdges::sum               ? sum
                             : repeated == RepeatedEdges::largest         ? most
                             : repeated == RepeatedEdges::mean && differs ? static_cast<float>(total / static_cast<double>(times))
                                                                          : first->weight);
    first = next;
  }
  return merged;
}

}  // namespace heddle::io::detail
