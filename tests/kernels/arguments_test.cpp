#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "kernels/adam/adam.h"
#include "kernels/dense/dense.h"
#include "kernels/elementwise/elementwise.h"
#include "kernels/loss/loss.h"
#include "kernels/spmm/spmm.h"
#include "tests/support/compare.h"
#include "tests/support/devices.h"
#include "tests/support/workbench.h"

// What each op's contract refuses, and in which words. Nothing runs, so that one device is enough for all but the variants.
namespace {

using namespace heddle;
using namespace heddle::kernels;
using namespace heddle::test;

/// Some memory that no op gets as far as to touch.
struct Refusal {
  Workbench bench{devices().front().device};
  Guarded<float> memory = bench.output(1000);
  float* p = memory.data();
  Execution& execution = bench.execution();

  template <class Call>
  std::string operator()(const std::string& fragment, const Call& call) const {
    return error_mismatch(ErrorKind::usage, fragment, call);
  }
};

const int64_t offsets[] = {0, 1, 2, 2};
const int32_t columns[] = {0, 3};

}  // namespace

TEST_SUITE("kernels") {
  TEST_CASE("spmm / refuses what does not fit") {
    Refusal refused;
    float* const p = refused.p;
    const CsrView a{.rows = 3, .cols = 4, .nnz = 2, .row_offsets = offsets, .col_indices = columns};
    const auto call = [&](const CsrView& matrix, DenseView<const float> x, DenseView<float> y) {
      return [=, &refused] { spmm({matrix, x, y}, refused.execution); };
    };
    const auto without = [&](auto CsrView::*member) {
      CsrView changed = a;
      changed.*member = nullptr;
      return changed;
    };
    const int64_t order[] = {1, 0};
    CsrView indexed = a;
    indexed.value_index = order;
    CHECK(refused("spmm: x has 5 rows, the matrix has 4 columns", call(a, {p, 5, 2}, {p + 100, 3, 2})) == "");
    CHECK(refused("spmm: y has 4 rows, the matrix has 3", call(a, {p, 4, 2}, {p + 100, 4, 2})) == "");
    CHECK(refused("spmm: y has 3 columns, x has 2", call(a, {p, 4, 2}, {p + 100, 3, 3})) == "");
    CHECK(refused("spmm: value_index is given without values", call(indexed, {p, 4, 2}, {p + 100, 3, 2})) == "");
    CHECK(refused("spmm: row_offsets is null", call(without(&CsrView::row_offsets), {p, 4, 2}, {p + 100, 3, 2})) == "");
    CHECK(refused("spmm: col_indices is null", call(without(&CsrView::col_indices), {p, 4, 2}, {p + 100, 3, 2})) == "");
    CHECK(refused("spmm: x is null", call(a, {nullptr, 4, 2}, {p, 3, 2})) == "");
    CHECK(refused("spmm: y is null", call(a, {p, 4, 2}, {nullptr, 3, 2})) == "");
    CHECK(refused("spmm: x is 4 x -1", call(a, {p, 4, -1}, {p + 100, 3, -1})) == "");
    CHECK(refused("spmm: y and x share memory", call(a, {p, 4, 2}, {p + 7, 3, 2})) == "");
    CHECK(refused("spmm: y and x share memory", call(a, {p + 5, 4, 2}, {p, 3, 2})) == "");
  }

  TEST_CASE("gemm / refuses what does not fit") {
    Refusal refused;
    float* const p = refused.p;
    const auto call = [&](GemmArgs args) { return [=, &refused] { gemm(args, refused.execution); }; };
    CHECK(refused("gemm: op(a) is 3 x 4, op(b) is 5 x 2", call({{p, 3, 4}, {p + 100, 5, 2}, {p + 200, 3, 2}})) == "");
    CHECK(refused("gemm: op(a) is 4 x 3, op(b) is 2 x 5", call({{p, 3, 4}, {p + 100, 5, 2}, {p + 200, 4, 5}, true, true})) == "");
    CHECK(refused("gemm: c is 3 x 3, the product is 3 x 2", call({{p, 3, 4}, {p + 100, 4, 2}, {p + 200, 3, 3}})) == "");
    CHECK(refused("gemm: a is null", call({{nullptr, 3, 4}, {p, 4, 2}, {p + 200, 3, 2}})) == "");
    CHECK(refused("gemm: b is null", call({{p, 3, 4}, {nullptr, 4, 2}, {p + 200, 3, 2}})) == "");
    CHECK(refused("gemm: c is null", call({{p, 3, 4}, {p + 100, 4, 2}, {nullptr, 3, 2}})) == "");
    CHECK(refused("gemm: a is -3 x 4", call({{p, -3, 4}, {p + 100, 4, 2}, {p + 200, -3, 2}})) == "");
    CHECK(refused("gemm: c and a share memory", call({{p, 3, 4}, {p + 100, 4, 2}, {p + 11, 3, 2}})) == "");
    CHECK(refused("gemm: c and b share memory", call({{p, 3, 4}, {p + 100, 4, 2}, {p + 95, 3, 2}})) == "");
  }

  TEST_CASE("bias_relu_dropout / refuses what does not fit") {
    Refusal refused;
    float* const p = refused.p;
    const auto forward = [&](BiasReluDropoutArgs args) { return [=, &refused] { bias_relu_dropout(args, refused.execution); }; };
    CHECK(refused("bias_relu_dropout: x is null", forward({.x = {nullptr, 2, 3}, .y = {p, 2, 3}})) == "");
    CHECK(refused("bias_relu_dropout: y is null", forward({.x = {p, 2, 3}, .y = {nullptr, 2, 3}})) == "");
    CHECK(refused("bias_relu_dropout: y is 3 x 2, x is 2 x 3", forward({.x = {p, 2, 3}, .y = {p + 100, 3, 2}})) == "");
    CHECK(refused("bias_relu_dropout: y and x overlap in part", forward({.x = {p, 2, 3}, .y = {p + 1, 2, 3}})) == "");
    CHECK(refused("dropout: the probability 1 is not in [0, 1)", forward({.x = {p, 2, 3}, .dropout = 1, .y = {p, 2, 3}})) == "");

    const auto backward = [&](BiasReluDropoutBackwardArgs args) {
      return [=, &refused] { bias_relu_dropout_backward(args, refused.execution); };
    };
    const DenseView<float> matrix{p, 2, 3}, other{p + 100, 2, 3}, turned{p + 200, 3, 2};
    CHECK(refused("bias_relu_dropout_backward: dy is null", backward({.dy = {nullptr, 2, 3}, .dx = matrix})) == "");
    CHECK(refused("bias_relu_dropout_backward: y is 3 x 2, dy is 2 x 3",
                  backward({.y = turned, .dy = matrix, .relu = true, .dx = other})) == "");
    CHECK(refused("bias_relu_dropout_backward: y is null",
                  backward({.y = {nullptr, 2, 3}, .dy = matrix, .relu = true, .dx = other})) == "");
    CHECK(refused("bias_relu_dropout_backward: dx is 3 x 2, dy is 2 x 3", backward({.dy = matrix, .dx = turned})) == "");
    CHECK(refused("bias_relu_dropout_backward: dx is null",
                  backward({.y = other, .dy = matrix, .relu = true, .dx = {nullptr, 2, 3}})) == "");
    CHECK(refused("bias_relu_dropout_backward: dx and dy overlap in part", backward({.dy = matrix, .dx = {p + 2, 2, 3}})) == "");
    CHECK(refused("dropout: the probability -0.5", backward({.dy = matrix, .dropout = -0.5f, .dx = other})) == "");
  }

  TEST_CASE("elementwise / refuses what does not fit") {
    Refusal refused;
    float* const p = refused.p;
    const DenseView<float> matrix{p, 2, 3}, turned{p + 100, 3, 2}, straddling{p + 3, 2, 3}, null{nullptr, 2, 3};
    const auto& execution = refused.execution;
    CHECK(refused("add_scaled: y is 3 x 2, x is 2 x 3", [&] { add_scaled(matrix, 1, turned, refused.execution); }) == "");
    CHECK(refused("add_scaled: y and x share memory", [&] { add_scaled(matrix, 1, matrix, refused.execution); }) == "");
    CHECK(refused("add_scaled: x is null", [&] { add_scaled(null, 1, matrix, refused.execution); }) == "");
    CHECK(refused("add_scaled: y is null", [&] { add_scaled(matrix, 1, null, refused.execution); }) == "");
    CHECK(refused("scale: y is 3 x 2, x is 2 x 3", [&] { scale(matrix, 1, turned, refused.execution); }) == "");
    CHECK(refused("scale: y and x overlap in part", [&] { scale(matrix, 1, straddling, refused.execution); }) == "");
    CHECK(refused("scale: x is null", [&] { scale(null, 1, matrix, refused.execution); }) == "");
    CHECK(refused("scale: y is null", [&] { scale(matrix, 1, null, refused.execution); }) == "");
    CHECK(refused("scale_by: y is 3 x 2, x is 2 x 3", [&] { scale_by(matrix, 1, p + 200, turned, refused.execution); }) == "");
    CHECK(refused("scale_by: y and x share memory", [&] { scale_by(matrix, 1, p + 200, straddling, refused.execution); }) == "");
    CHECK(refused("scale_by: x is null", [&] { scale_by(null, 1, p + 200, matrix, refused.execution); }) == "");
    CHECK(refused("scale_by: y is null", [&] { scale_by(matrix, 1, p + 200, null, refused.execution); }) == "");
    CHECK(refused("fill: y is null", [&] { fill(1, null, refused.execution); }) == "");
    CHECK(refused("sum_of_squares: x is null", [&] { sum_of_squares(null, 1, p, refused.execution); }) == "");
    CHECK(execution.arena.held_bytes() == 0);
  }

  TEST_CASE("masked_nll and count_correct / refuse what does not fit") {
    Refusal refused;
    float* const p = refused.p;
    const int32_t ids[] = {0, 1};
    int32_t correct = 0;
    CHECK(refused("masked_nll: logits is null", [&] { masked_nll({{nullptr, 2, 3}, ids, ids, 2, p}, refused.execution); }) == "");
    CHECK(refused("masked_nll: logits have no columns", [&] {
            masked_nll({{p, 2, 0}, ids, ids, 2, p}, refused.execution);
          }) == "");
    CHECK(refused("masked_nll: no row is listed", [&] { masked_nll({{p, 2, 3}, ids, ids, 0, p}, refused.execution); }) == "");
    CHECK(refused("masked_nll: the class weights of the rows sum to 0", [&] {
            masked_nll({{p, 2, 3}, ids, ids, 2, p + 900, p + 100, 0}, refused.execution);
          }) == "");
    const auto backward = [&](DenseView<float> gradient, int64_t count) {
      return [=, &refused, &ids] { masked_nll_backward({{p, 2, 3}, ids, ids, count, p + 900, gradient}, refused.execution); };
    };
    CHECK(refused("masked_nll_backward: dlogits is 3 x 2, logits is 2 x 3", backward({p + 100, 3, 2}, 2)) == "");
    CHECK(refused("masked_nll_backward: dlogits and logits share memory", backward({p, 2, 3}, 2)) == "");
    CHECK(refused("masked_nll_backward: dlogits is null", backward({nullptr, 2, 3}, 2)) == "");
    CHECK(refused("masked_nll_backward: no row is listed", backward({p + 100, 2, 3}, 0)) == "");
    CHECK(refused("count_correct: logits is null", [&] {
            count_correct({{nullptr, 2, 3}, ids, ids, 2, &correct}, refused.execution);
          }) == "");
    CHECK(refused("count_correct: logits have no columns", [&] {
            count_correct({{p, 2, 0}, ids, ids, 2, &correct}, refused.execution);
          }) == "");
  }

  TEST_CASE("adam / refuses settings that cannot be meant") {
    Refusal refused;
    const uint32_t step = 0;
    const auto call = [&](AdamArgs args) { return [=, &refused] { adam(args, refused.execution); }; };
    CHECK(refused("adam: step is null", call({})) == "");
    CHECK(refused("adam: the learning rate is -1", call({.step = &step, .learning_rate = -1})) == "");
    CHECK(refused("adam: the learning rate is nan", call({.step = &step, .learning_rate = __builtin_nanf("")})) == "");
    CHECK(refused("adam: beta1 is 1, beta2 is 0.5; both belong to [0, 1)", call({.step = &step, .beta1 = 1, .beta2 = 0.5f})) ==
          "");
    CHECK(refused("adam: beta1 is 0.5, beta2 is -1; both", call({.step = &step, .beta1 = 0.5f, .beta2 = -1})) == "");
  }
}
