#include <doctest/doctest.h>

#include <cmath>

#include "heddle/context.h"
#include "heddle/ops.h"
#include "tests/support/compare.h"
#include "tests/support/devices.h"

namespace heddle::test {

namespace {

HostMatrix ones(int64_t rows, int64_t cols) { return {rows, cols, std::vector<float>(static_cast<std::size_t>(rows * cols), 1)}; }

const HostCsr small{.rows = 2, .cols = 3, .row_offsets = {0, 1, 3}, .col_indices = {2, 0, 1}, .values = {1, 2, 3}};

}  // namespace

TEST_SUITE_BEGIN("autograd");

TEST_CASE("every op / shapes that do not fit are refused with the shapes") {
  for (const NamedDevice& device : devices()) {
    INFO(device.name);
    Context context(device.device);
    const SparseMatrix a(context.stream(), small);
    const Tensor x23 = context.make_tensor(ones(2, 3)), x32 = context.make_tensor(ones(3, 2)),
                 row2 = context.make_tensor(ones(1, 2));
    const auto refused = [](const char* fragment, auto&& call) { return error_mismatch(ErrorKind::usage, fragment, call); };
    CHECK(refused("2 x 3", [&] { matmul(x23, x23); }) == "");
    CHECK(refused("x has 2 rows", [&] { spmm(a, x23); }) == "");
    CHECK(refused("2 values for 3 non-zeros", [&] { spmm(a, row2, x32); }) == "");
    CHECK(refused("add: a is 2 x 3, b is 3 x 2", [&] { add(x23, x32); }) == "");
    CHECK(refused("add_bias: bias is 1 x 2, x is 2 x 3", [&] { add_bias(x23, row2); }) == "");
    CHECK(refused("bias_relu_dropout: bias is 3 x 2, x is 3 x 2", [&] { bias_relu_dropout(x32, x32, 0); }) == "");
  }
}

TEST_CASE("dropout / a probability outside [0, 1) is refused") {
  for (const NamedDevice& device : devices()) {
    INFO(device.name);
    Context context(device.device);
    const Tensor x = context.make_tensor(ones(2, 2)), bias = context.make_tensor(ones(1, 2));
    for (float p : {-0.1f, 1.0f, 1.5f, std::nanf("")}) {
      CHECK(error_mismatch(ErrorKind::usage, "not in [0, 1)", [&] { dropout(x, p); }) == "");
      CHECK(error_mismatch(ErrorKind::usage, "not in [0, 1)", [&] { bias_relu_dropout(x, bias, p); }) == "");
    }
  }
}

TEST_CASE("spmm / values that want a gradient, or go to a symmetric matrix, are refused") {
  Context context(Device::cpu());
  const HostCsr eye{.rows = 2, .cols = 2, .row_offsets = {0, 1, 2}, .col_indices = {0, 1}, .values = {1, 1}};
  const SparseMatrix a(context.stream(), eye), symmetric(context.stream(), eye, true);
  const Tensor x = context.make_tensor(ones(2, 2)), wanting = context.make_tensor(ones(1, 2), true),
               values = context.make_tensor(ones(1, 2));
  CHECK(error_mismatch(ErrorKind::usage, "want a gradient", [&] { spmm(a, wanting, x); }) == "");
  CHECK(error_mismatch(ErrorKind::usage, "symmetric", [&] { spmm(symmetric, values, x); }) == "");
}

TEST_CASE("masked_nll / a mean over no rows is refused") {
  for (const NamedDevice& device : devices()) {
    INFO(device.name);
    Context context(device.device);
    CHECK(error_mismatch(ErrorKind::usage, "no row is listed", [&] { masked_nll(context.make_tensor(ones(2, 2)), {}); }) == "");
  }
}

TEST_CASE("sparse matrix / one that is malformed is refused with the place") {
  Stream stream(Device::cpu().backend());
  const auto refused = [&](const char* fragment, auto change, bool symmetric = false) {
    HostCsr csr = small;
    change(csr);
    return error_mismatch(ErrorKind::usage, fragment, [&] { SparseMatrix(stream, csr, symmetric); });
  };
  CHECK(refused("row 1 has column 3, there are 3", [](HostCsr& m) { m.col_indices[1] = 3; }) == "");
  CHECK(refused("row 0 has column -1", [](HostCsr& m) { m.col_indices[0] = -1; }) == "");
  CHECK(refused("the offsets of row 1 descend", [](HostCsr& m) { m.row_offsets = {0, 4, 3}; }) == "");
  CHECK(refused("the offsets of row 1 descend", [](HostCsr& m) { m.row_offsets = {0, int64_t{1} << 40, 3}; }) == "");
  CHECK(refused("the offsets of row 0 descend", [](HostCsr& m) { m.row_offsets = {0, -1, 3}; }) == "");
  CHECK(refused("do not span", [](HostCsr& m) { m.row_offsets = {0, 1}; }) == "");
  CHECK(refused("do not span", [](HostCsr& m) { m.row_offsets = {1, 1, 3}; }) == "");
  CHECK(refused("do not span", [](HostCsr& m) { m.row_offsets = {0, 1, 2}; }) == "");
  CHECK(refused("do not span", [](HostCsr& m) { m.row_offsets.clear(); }) == "");
  CHECK(refused("2 values for 3 columns", [](HostCsr& m) { m.values.pop_back(); }) == "");
  CHECK(refused("32-bit column ids", [](HostCsr& m) { m.cols = int64_t{1} << 31; }) == "");
  CHECK(refused(
            "was said to be symmetric and is not", [](HostCsr&) {}, true) == "");
  const auto square = [](std::vector<float> values) {
    return HostCsr{.rows = 2, .cols = 2, .row_offsets = {0, 1, 2}, .col_indices = {1, 0}, .values = std::move(values)};
  };
  CHECK(refused(
            "was said to be symmetric and is not",
            [&](HostCsr& m) {
              m = square({1, 2});
            },
            true) == "");
  CHECK(refused(
            "nothing",
            [&](HostCsr& m) {
              m = square({2, 2});
            },
            true) == "nothing was thrown");
}

TEST_CASE("every op / matrices without rows or columns work, and so do their gradients") {
  for (const NamedDevice& device : devices()) {
    INFO(device.name);
    Context context(device.device);
    const SparseMatrix no_rows(context.stream(),
                               HostCsr{.rows = 0, .cols = 3, .row_offsets = {0}, .col_indices = {}, .values = {}});
    const HostCsr csr{.rows = 2, .cols = 0, .row_offsets = {0, 0, 0}, .col_indices = {}, .values = {}};
    const SparseMatrix no_cols(context.stream(), csr);
    const Tensor x03 = context.make_tensor(ones(0, 3), true), x30 = context.make_tensor(ones(3, 0), true);
    const Tensor w32 = context.make_tensor(ones(3, 2), true), bias3 = context.make_tensor(ones(1, 3), true);

    CHECK(matmul(x03, w32).rows() == 0);
    CHECK(matmul(x30, x03).to_host().values == std::vector<float>(9, 0));  // an inner size of 0: sums of nothing
    CHECK(spmm(no_cols, x03).to_host().values == std::vector<float>(6, 0));
    CHECK(spmm(no_rows, w32).rows() == 0);
    const Tensor y = add(bias_relu_dropout(x03, bias3, 0.5f), relu(scale(x03, 2)));
    const Tensor penalties = add(l2_penalty(y, 1), l2_penalty(matmul(x30, x03), 1));
    const Tensor loss = add(penalties, l2_penalty(spmm(no_rows, w32), 1));
    CHECK(loss.to_host().values == std::vector<float>{0});
    context.tape().backward(loss);
    CHECK(x03.grad_to_host().values.empty());
    CHECK(bias3.grad_to_host().values == std::vector<float>(3, 0));
    CHECK(w32.grad_to_host().values == std::vector<float>(6, 0));
  }
}

TEST_SUITE_END();

}  // namespace heddle::test
