#include <memory>

#include "bench/op_cases/inputs.h"

namespace heddle::bench {

void add_propagate_cases(std::vector<OpCase>& cases) {
  const HostCsr graph = path(7);
  const std::vector<float> scale = {0.5f, 0.25f, 0, 0.75f, 1, 0.5f, 0.3f};
  const std::vector<int32_t> ids = {2, 5, 5, 0};
  const HostMatrix e = matrix({7, 5}, 41);
  struct OnDevice {
    SparseMatrix a;
    Buffer scale, ids;
  };
  const auto with = [&](bool ones, auto apply) {
    return [=](Stream& stream) -> Op {
      const auto held = std::make_shared<OnDevice>(
          OnDevice{SparseMatrix(stream, graph, true), Buffer::upload(stream, scale), Buffer::upload(stream, ids)});
      NormalisedAdjacency adjacency{held->a.view(), held->scale.as<float>()};
      if (ones) adjacency.a.values = nullptr;
      return [held, adjacency, apply](Context& context, const std::vector<Tensor>& in) {
        return apply(context, adjacency, held->ids.template as<int32_t>(), in[0]);
      };
    };
  };
  for (int64_t layers : {0, 1, 2, 3}) {
    for (bool ones : {false, true}) {
      const std::string what = text(counted(layers, "layer"), ones ? "" : ", weighted");
      const Reference all = propagation(graph, ones, scale, e, layers);
      const DoubleOp in_double = [=](DoubleTape& tape, Doubles in) { return tape.propagate(graph, ones, scale, in[0], layers); };
      cases.push_back({text("propagate ", what),
                       {e},
                       with(ones, [layers](Context&, const NormalisedAdjacency& adjacency, const int32_t*,
                                           const Tensor& in) { return propagate(adjacency, in, layers); }),
                       all,
                       in_double});
      Reference rows;
      for (int32_t id : ids) {
        rows.values.insert(rows.values.end(), all.values.begin() + id * e.cols, all.values.begin() + (id + 1) * e.cols);
        rows.bounds.insert(rows.bounds.end(), all.bounds.begin() + id * e.cols, all.bounds.begin() + (id + 1) * e.cols);
      }
      cases.push_back(
          {text("propagate_rows ", what),
           {e},
           with(ones,
                [layers](Context& context, const NormalisedAdjacency& adjacency, const int32_t* list, const Tensor& in) {
                  return propagate_rows(adjacency, in, layers, make_row_batch(context, list, 4, in.rows()));
                }),
           rows,
           [=](DoubleTape& tape, Doubles in) { return tape.gather_rows(in_double(tape, in), ids); }});
    }
  }
}

}  // namespace heddle::bench
