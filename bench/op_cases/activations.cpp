#include "bench/op_cases/inputs.h"

namespace heddle::bench {

namespace {

// A bias of magnitude below 0.1 does not carry an element of magnitude 0.3 to relu's kink.
HostMatrix away_from_kink(Shape shape) { return matrix(shape, 1, 0.3); }
HostMatrix small_bias(int64_t cols) { return matrix({1, cols}, 2, 0, 0.1); }

enum class Nonlinearity { none, relu, elu };

}  // namespace

void add_activations_cases(std::vector<OpCase>& cases) {
  constexpr float p = 0.4f;
  for (const Shape shape : odd_shapes) {
    const HostMatrix x = away_from_kink(shape), bias = small_bias(shape.cols);
    const auto add = [&](const char* op, bool has_bias, Nonlinearity nonlinearity, float dropout, Op apply) {
      const std::vector<HostMatrix> inputs = has_bias ? std::vector<HostMatrix>{x, bias} : std::vector<HostMatrix>{x};
      const DoubleOp in_double = [=](DoubleTape& tape, Doubles in) {
        DoubleTape::Ref y = has_bias ? tape.add_bias(in[0], in[1]) : in[0];
        if (nonlinearity == Nonlinearity::relu) y = tape.relu(y);
        if (nonlinearity == Nonlinearity::elu) y = tape.elu(y);
        return dropout > 0 ? tape.dropout(y, {.p = dropout, .random = first_dropout()}) : y;
      };
      // elu: a rounding each of sum, exponential, difference and scaling, of numbers below 2.
      const Reference expected = nonlinearity == Nonlinearity::elu
                                     ? about(inputs, in_double, 16 * 0x1p-24)
                                     : bias_relu_dropout(x, {has_bias ? &bias.values : nullptr,
                                                             nonlinearity == Nonlinearity::relu, dropout, first_dropout()});
      cases.push_back({named(op, shape), inputs, plainly(std::move(apply)), expected, in_double});
    };
    using Inputs = const std::vector<Tensor>&;
    constexpr auto none = Nonlinearity::none, positive = Nonlinearity::relu, exponential = Nonlinearity::elu;
    add("add_bias", true, none, 0, [](Context&, Inputs in) { return add_bias(in[0], in[1]); });
    add("add_bias rvalue", true, none, 0, [](Context&, Inputs in) { return add_bias(rvalue(in[0]), in[1]); });
    add("relu", false, positive, 0, [](Context&, Inputs in) { return relu(in[0]); });
    add("relu rvalue", false, positive, 0, [](Context&, Inputs in) { return relu(rvalue(in[0])); });
    add("dropout", false, none, p, [](Context&, Inputs in) { return dropout(in[0], p); });
    add("dropout rvalue", false, none, p, [](Context&, Inputs in) { return dropout(rvalue(in[0]), p); });
    add("bias_relu_dropout", true, positive, p, [](Context&, Inputs in) { return bias_relu_dropout(in[0], in[1], p); });
    add("bias_relu_dropout rvalue", true, positive, p,
        [](Context&, Inputs in) { return bias_relu_dropout(rvalue(in[0]), in[1], p); });
    add("bias_relu_dropout without dropout", true, positive, 0,
        [](Context&, Inputs in) { return bias_relu_dropout(in[0], in[1], 0); });
    add("bias_elu_dropout", true, exponential, p, [](Context&, Inputs in) { return bias_elu_dropout(in[0], in[1], p); });
    add("bias_elu_dropout rvalue", true, exponential, p,
        [](Context&, Inputs in) { return bias_elu_dropout(rvalue(in[0]), in[1], p); });
    add("bias_elu_dropout without dropout", true, exponential, 0,
        [](Context&, Inputs in) { return bias_elu_dropout(in[0], in[1], 0); });
    add("chain of rvalues", true, positive, p,
        [](Context&, Inputs in) { return dropout(relu(add_bias(rvalue(in[0]), in[1])), p); });
  }
  const HostMatrix row = matrix({1, 6}, 15);
  cases.push_back({"add_bias of a row to itself",
                   {row},
                   plainly([](Context&, const std::vector<Tensor>& in) { return add_bias(in[0], in[0]); }),
                   scale(row.values, 2, 1),
                   [](DoubleTape& tape, Doubles in) { return tape.add_bias(in[0], in[0]); }});
}

}  // namespace heddle::bench
