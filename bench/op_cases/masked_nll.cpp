#include <memory>
#include <tuple>

#include "bench/op_cases/inputs.h"

namespace heddle::bench {

void add_masked_nll_cases(std::vector<OpCase>& cases) {
  using Rows = std::vector<int32_t>;
  using Weights = std::vector<float>;
  for (const auto& [shape, rows, weights] :
       {std::tuple(Shape{1, 1}, Rows{0}, Weights{}), std::tuple(Shape{5, 3}, Rows{4, 0, 3}, Weights{}),
        std::tuple(Shape{7, 33}, Rows{2}, Weights{}), std::tuple(Shape{6, 3}, Rows{4, 0, 3, 5}, Weights{0.5f, 3, 1.25f})}) {
    const HostMatrix logits = matrix(shape, 16);
    std::vector<int32_t> labels;
    for (int64_t row = 0; row < shape.rows; ++row) labels.push_back(static_cast<int32_t>((row * 2 + 1) % shape.cols));
    double sum = 0;
    for (const int32_t row : rows)
      sum += weights.empty() ? 0 : static_cast<double>(weights[static_cast<std::size_t>(labels[static_cast<std::size_t>(row)])]);
    cases.push_back(
        {named("masked_nll", shape),
         {logits},
         [labels, rows = rows, weights = weights, sum](Stream& stream) -> Op {
           const auto device_labels = std::make_shared<Buffer>(Buffer::upload(stream, labels));
           const auto device_rows = std::make_shared<Buffer>(Buffer::upload(stream, rows));
           const auto device_weights = std::make_shared<Buffer>(Buffer::upload(stream, weights));
           Targets targets{device_labels->as<int32_t>(), device_rows->as<int32_t>(), static_cast<int64_t>(rows.size())};
           if (!weights.empty()) targets.class_weights = device_weights->as<float>();
           targets.weight_sum = sum;
           return [device_labels, device_rows, device_weights, targets](Context&, const std::vector<Tensor>& in) {
             return masked_nll(in[0], targets);
           };
         },
         masked_nll(logits, labels, rows, weights),
         [labels, rows = rows, weights = weights](DoubleTape& tape, Doubles in) {
           return tape.masked_nll(in[0], labels, rows, weights);
         }});
  }
}

}  // namespace heddle::bench
