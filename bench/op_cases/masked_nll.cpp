#include <memory>

#include "bench/op_cases/inputs.h"

namespace heddle::bench {

void add_masked_nll_cases(std::vector<OpCase>& cases) {
  for (const auto& [shape, rows] :
       {std::pair(Shape{1, 1}, std::vector<int32_t>{0}), std::pair(Shape{5, 3}, std::vector<int32_t>{4, 0, 3}),
        std::pair(Shape{7, 33}, std::vector<int32_t>{2})}) {
    const HostMatrix logits = matrix(shape, 16);
    std::vector<int32_t> labels;
    for (int64_t row = 0; row < shape.rows; ++row) labels.push_back(static_cast<int32_t>((row * 2 + 1) % shape.cols));
    cases.push_back(
        {named("masked_nll", shape),
         {logits},
         [labels, rows = rows](Stream& stream) -> Op {
           const auto device_labels = std::make_shared<Buffer>(Buffer::upload(stream, labels));
           const auto device_rows = std::make_shared<Buffer>(Buffer::upload(stream, rows));
           const Targets targets{device_labels->as<int32_t>(), device_rows->as<int32_t>(), static_cast<int64_t>(rows.size())};
           return [device_labels, device_rows, targets](Context&, const std::vector<Tensor>& in) {
             return masked_nll(in[0], targets);
           };
         },
         masked_nll(logits, labels, rows),
         [labels, rows = rows](DoubleTape& tape, Doubles in) { return tape.masked_nll(in[0], labels, rows); }});
  }
}

}  // namespace heddle::bench
