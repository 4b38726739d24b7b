#include "heddle/gradcheck.h"

#include <cmath>

#include "heddle/error.h"
#include "heddle/ops.h"
#include "heddle/rethrow.h"

namespace heddle {

namespace {

/// Random values in [-1, 1), of a purpose that no op draws from.
HostMatrix random_matrix(int64_t rows, int64_t cols, uint64_t seed, uint32_t index) {
  HostMatrix matrix{rows, cols, std::vector<float>(static_cast<std::size_t>(rows * cols))};
  const RandomStream random{.seed = seed, .purpose = random_purpose::gradcheck + index, .step = nullptr};
  for (std::size_t i = 0; i < matrix.values.size(); ++i) matrix.values[i] = 2 * uniform01(random_word(random, i)) - 1;
  return matrix;
}

double dot(const std::vector<float>& a, const std::vector<float>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += static_cast<double>(a[i]) * b[i];
  return sum;
}

class Checker {
 public:
  Checker(const Device& device, const std::function<Tensor(Context&, const std::vector<Tensor>&)>& function,
          const GradcheckOptions& options)
      : context_(device, options.seed), function_(function), options_(options) {}

  /// <projection, function(inputs)>, summed in double on the host.
  double value(const std::vector<HostMatrix>& inputs) {
    const Tensor output = run(inputs);
    return dot(projection(output).values, output.to_host().values);
  }

  /// The gradients of `value` by the tape.
  std::vector<HostMatrix> gradients(const std::vector<HostMatrix>& inputs) {
    const Tensor output = run(inputs);
    // sum(projection * output) as a product of a row and a column, flattened by a custom record.
    const Tensor weights = context_.make_tensor(projection(output));
    Tensor scalar = context_.make_tensor(1, 1);
    scalar = context_.tape().record(scalar, {output}, [output, weights] {
      output.add_grad([&](DenseView<float> d) {
        const HostMatrix copy = weights.to_host();
        upload(output.context().stream(), d.data, copy.values.data(), copy.values.size() * sizeof(float));
      });
    });
    context_.tape().backward(scalar);
    std::vector<HostMatrix> gradients;
    for (const Tensor& variable : variables_) {
      gradients.push_back(variable.has_grad() ? variable.grad_to_host()
                                              : HostMatrix{variable.rows(), variable.cols(),
                                                           std::vector<float>(variable.rows() * variable.cols())});
    }
    return gradients;
  }

 private:
  Tensor run(const std::vector<HostMatrix>& inputs) {
    context_.begin_step();
    variables_.clear();
    for (const HostMatrix& input : inputs) variables_.push_back(context_.make_tensor(input, true));
    return function_(context_, variables_);
  }

  HostMatrix projection(const Tensor& output) const { return random_matrix(output.rows(), output.cols(), options_.seed, 0); }

  Context context_;
  const std::function<Tensor(Context&, const std::vector<Tensor>&)>& function_;
  GradcheckOptions options_;
  std::vector<Tensor> variables_;
};

}  // namespace

GradcheckResult gradcheck(const Device& device, const std::function<Tensor(Context&, const std::vector<Tensor>&)>& function,
                          const std::vector<HostMatrix>& inputs, const GradcheckOptions& options) try {
  require(options.step > 0 && options.tolerance > 0, ErrorKind::usage, "gradcheck: step and tolerance must be above 0");
  Checker checker(device, function, options);
  const std::vector<HostMatrix> analytic = checker.gradients(inputs);
  GradcheckResult result{.passed = true, .message = "all gradients agree"};
  double worst = 0;
  const auto compare = [&](double tape, double numeric, const std::string& place) {
    const double excess = std::abs(tape - numeric) / (options.tolerance * (1 + std::abs(numeric)));
    if (!(excess <= 1)) result.passed = false;  // NaN fails
    if (!(excess <= worst)) {
      worst = excess;
      result.message = text(place, ": the tape says ", tape, ", differences say ", numeric);
    }
  };

  std::vector<HostMatrix> moved = inputs;
  for (std::size_t input = 0; input < inputs.size(); ++input) {
    for (std::size_t i = 0; i < inputs[input].values.size(); ++i) {
      float& element = moved[input].values[i];
      const float middle = element;
      element = middle + options.step;
      const double up_at = element;
      const double up = checker.value(moved);
      element = middle - options.step;
      const double distance = up_at - element;
      const double down = checker.value(moved);
      element = middle;
      compare(analytic[input].values[i], (up - down) / distance, text("input ", input, ", element ", i));
    }
  }

  // All inputs at once, along one random direction of a length that keeps the move per element below the step.
  double along = 0;
  std::vector<HostMatrix> up = inputs;
  std::vector<HostMatrix> down = inputs;
  for (std::size_t input = 0; input < inputs.size(); ++input) {
    const HostMatrix direction =
        random_matrix(inputs[input].rows, inputs[input].cols, options.seed, static_cast<uint32_t>(1 + input));
    along += dot(direction.values, analytic[input].values);
    for (std::size_t i = 0; i < direction.values.size(); ++i) {
      up[input].values[i] += options.step * direction.values[i];
      down[input].values[i] -= options.step * direction.values[i];
    }
  }
  compare(along, (checker.value(up) - checker.value(down)) / (2.0 * options.step), "along a random direction");
  return result;
} catch (...) {
  rethrow_as_error();
}

}  // namespace heddle
