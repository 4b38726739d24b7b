#include "bench/op_cases/inputs.h"

namespace heddle::bench {

void add_sums_cases(std::vector<OpCase>& cases) {
  for (const Shape shape : odd_shapes) {
    const HostMatrix a = matrix(shape, 12), b = matrix(shape, 13);
    cases.push_back({named("add", shape),
                     {a, b},
                     plainly([](Context&, const std::vector<Tensor>& in) { return add(in[0], in[1]); }),
                     add_scaled(b.values, 1, a.values),
                     [](DoubleTape& tape, Doubles in) { return tape.add(in[0], in[1]); }});
    cases.push_back({named("scale", shape),
                     {a},
                     plainly([](Context&, const std::vector<Tensor>& in) { return scale(in[0], -1.75f); }),
                     scale(a.values, -1.75, 1),
                     [](DoubleTape& tape, Doubles in) { return tape.scale(in[0], -1.75); }});
    cases.push_back({named("l2_penalty", shape),
                     {a},
                     plainly([](Context&, const std::vector<Tensor>& in) { return l2_penalty(in[0], 0.3f); }),
                     sum_of_squares(a, 0.5f * 0.3f),
                     [](DoubleTape& tape, Doubles in) { return tape.l2_penalty(in[0], 0.3); }});
  }
  const HostMatrix a = matrix({3, 5}, 14);
  cases.push_back({"add of a matrix and itself",
                   {a},
                   plainly([](Context&, const std::vector<Tensor>& in) { return add(in[0], in[0]); }),
                   scale(a.values, 2, 1),
                   [](DoubleTape& tape, Doubles in) { return tape.add(in[0], in[0]); }});
}

}  // namespace heddle::bench
