#include "bench/op_cases/inputs.h"

namespace heddle::bench {

void add_ranking_losses_cases(std::vector<OpCase>& cases) {
  for (const Shape shape : {Shape{3, 1}, Shape{3, 7}, Shape{15, 3}, Shape{6, 33}}) {
    const HostMatrix rows = matrix(shape, 18);
    cases.push_back({named("bpr_loss", shape),
                     {rows},
                     plainly([](Context&, const std::vector<Tensor>& in) { return bpr_loss(in[0]); }),
                     bpr_loss(rows),
                     [](DoubleTape& tape, Doubles in) { return tape.bpr_loss(in[0]); }});
  }
  struct Sizes {
    int64_t batch, negatives, d;
    float temperature;
  };
  // A gradient check moves one element: at magnitudes from 0.3 on that changes no norm by much.
  for (const auto [batch, negatives, d, temperature] :
       {Sizes{1, 1, 2, 1}, Sizes{3, 5, 7, 0.5f}, Sizes{2, 3, 33, 0.3f}, Sizes{7, 2, 3, 0.7f}}) {
    const HostMatrix rows = matrix({2 * batch + negatives, d}, 19, 0.3);
    cases.push_back({text("sampled_softmax_loss ", batch, "+", negatives, ", d=", d),
                     {rows},
                     plainly([batch = batch, temperature = temperature](Context&, const std::vector<Tensor>& in) {
                       return sampled_softmax_loss(in[0], batch, temperature);
                     }),
                     sampled_softmax_loss(rows, batch, temperature).loss,
                     [batch = batch, temperature = temperature](DoubleTape& tape, Doubles in) {
                       return tape.sampled_softmax_loss(in[0], batch, temperature);
                     }});
  }
}

}  // namespace heddle::bench
