#include <memory>

#include "bench/op_cases/inputs.h"

namespace heddle::bench {

void add_gather_rows_cases(std::vector<OpCase>& cases) {
  for (const auto& [shape, ids] :
       {std::pair(Shape{1, 1}, std::vector<int32_t>{0}), std::pair(Shape{5, 3}, std::vector<int32_t>{4, 0, 4, 4, 2}),
        std::pair(Shape{3, 33}, std::vector<int32_t>{1, 1, 0, 2})}) {
    const HostMatrix x = matrix(shape, 40);
    Reference expected;
    for (int32_t id : ids) {
      expected.values.insert(expected.values.end(), x.values.begin() + id * x.cols, x.values.begin() + (id + 1) * x.cols);
    }
    expected.bounds.resize(expected.values.size());
    cases.push_back({named("gather_rows", shape),
                     {x},
                     [ids = ids](Stream& stream) -> Op {
                       const auto list = std::make_shared<Buffer>(Buffer::upload(stream, ids));
                       return [list, count = static_cast<int64_t>(ids.size())](Context& context, const std::vector<Tensor>& in) {
                         return gather_rows(in[0], make_row_batch(context, list->as<int32_t>(), count, in[0].rows()));
                       };
                     },
                     expected,
                     [ids = ids](DoubleTape& tape, Doubles in) { return tape.gather_rows(in[0], ids); }});
  }
}

}  // namespace heddle::bench
