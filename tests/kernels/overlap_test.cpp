// What an op writes may share memory with nothing else that it reads or writes, unless its contract allows one to stand in the
// other's place. Every op of kernels/ is gone through, every pair of its arrays, in whole and in part.
#include <doctest/doctest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "kernels/adam/adam.h"
#include "kernels/dense/dense.h"
#include "kernels/edge/edge.h"
#include "kernels/elementwise/elementwise.h"
#include "kernels/gat/gat.h"
#include "kernels/gat/gatv2.h"
#include "kernels/graph_build/graph_build.h"
#include "kernels/loss/loss.h"
#include "kernels/propagate/propagate.h"
#include "kernels/ranking_loss/ranking_loss.h"
#include "kernels/rows/rows.h"
#include "kernels/sampling/sampling.h"
#include "kernels/scores/scores.h"
#include "kernels/spmm/spmm.h"
#include "kernels/topk/topk.h"
#include "tests/support/compare.h"
#include "tests/support/source_dir.h"
#include "tests/support/workbench.h"

namespace {

using namespace heddle;
using namespace heddle::kernels;
using namespace heddle::test;

struct Array {
  std::string name;
  std::vector<std::byte> content;
  std::size_t element = 4;
  bool written = false;
  std::string in_place_of = {};
};

template <class T>
Array in(const std::string& name, const std::vector<T>& values) {
  Array array{name, std::vector<std::byte>(values.size() * sizeof(T)), sizeof(T)};
  std::memcpy(array.content.data(), values.data(), array.content.size());
  return array;
}
template <class T = float>
Array in(const std::string& name, int64_t count) {
  return in(name, std::vector<T>(static_cast<std::size_t>(count)));
}
template <class T = float>
Array out(const std::string& name, int64_t count, const std::string& in_place_of = {}) {
  Array array = in<T>(name, count);
  array.written = true;
  array.in_place_of = in_place_of;
  return array;
}

/// Where the arrays of a call lie.
class Places {
 public:
  template <class T = float>
  T* at(const std::string& name) const {
    return reinterpret_cast<T*>(places_.at(name));
  }
  DenseView<float> matrix(const std::string& name, int64_t rows, int64_t cols) const { return {at(name), rows, cols}; }
  /// The arrays that `csr` makes.
  CsrView csr(const std::string& name) const {
    return {.rows = 3,
            .cols = 3,
            .nnz = 2,
            .row_offsets = at<int64_t>(name + " row_offsets"),
            .col_indices = at<int32_t>(name + " col_indices"),
            .values = has(name + " values") ? at(name + " values") : nullptr,
            .value_index = has(name + " value_index") ? at<int64_t>(name + " value_index") : nullptr};
  }
  RandomStream random() const { return {.seed = 1, .purpose = random_purpose::dropout, .step = at<uint32_t>("step")}; }

  bool has(const std::string& name) const { return places_.contains(name); }
  std::byte*& operator[](const std::string& name) { return places_[name]; }

 private:
  std::map<std::string, std::byte*> places_;
};

struct OpUse {
  std::string op;
  std::vector<Array> arrays;
  std::function<void(const Places&, Execution&)> call;
};

/// Three rows, the last one empty, and what `also` names: "values", "value_index".
std::vector<Array> with_csr(std::vector<Array> arrays, const std::string& name, const std::set<std::string>& also = {}) {
  arrays.push_back(in<int64_t>(name + " row_offsets", {0, 1, 2, 2}));
  arrays.push_back(in<int32_t>(name + " col_indices", {0, 2}));
  if (also.contains("values")) arrays.push_back(in(name + " values", 2));
  if (also.contains("value_index")) arrays.push_back(in<int64_t>(name + " value_index", {1, 0}));
  return arrays;
}

const Array step = in<uint32_t>("step", std::vector<uint32_t>{0});

void add_dense(std::vector<OpUse>& uses) {
  uses.push_back({"spmm", with_csr({out("y", 6), in("x", 6)}, "a", {"values", "value_index"}), [](const Places& p, Execution& e) {
                    spmm({p.csr("a"), p.matrix("x", 3, 2), p.matrix("y", 3, 2)}, e);
                  }});
  uses.push_back({"gemm", {out("c", 6), in("a", 12), in("b", 8)}, [](const Places& p, Execution& e) {
                    gemm({p.matrix("a", 3, 4), p.matrix("b", 4, 2), p.matrix("c", 3, 2)}, e);
                  }});
  uses.push_back(
      {"sparse_product", with_csr(with_csr({out("y", 9)}, "a", {"values"}), "b", {"values"}), [](const Places& p, Execution& e) {
         sparse_product({p.csr("a"), p.csr("b"), p.matrix("y", 3, 3)}, e);
       }});
  uses.push_back({"add_transposed", {out("y", 6), in("x", 6), in("z", 6), in("scale", 3)}, [](const Places& p, Execution& e) {
                    add_transposed({p.matrix("x", 3, 2), p.matrix("z", 3, 2), p.at("scale"), p.matrix("y", 2, 3)}, e);
                  }});
  uses.push_back({"standardise_rows", {out("y", 6), in("x", 6)}, [](const Places& p, Execution& e) {
                    standardise_rows(p.matrix("x", 3, 2), p.matrix("y", 3, 2), e);
                  }});
  uses.push_back({"normalise_rows", {out("y", 6, "x"), in("x", 6)}, [](const Places& p, Execution& e) {
                    normalise_rows(p.matrix("x", 3, 2), p.matrix("y", 3, 2), e);
                  }});
}

void add_elementwise(std::vector<OpUse>& uses) {
  uses.push_back(
      {"bias_relu_dropout", {out("y", 6, "x"), in("x", 6), in("bias", 2), step}, [](const Places& p, Execution& e) {
         bias_relu_dropout(
             {.x = p.matrix("x", 3, 2), .bias = p.at("bias"), .dropout = 0.5f, .random = p.random(), .y = p.matrix("y", 3, 2)},
             e);
       }});
  uses.push_back({"bias_relu_dropout_backward",
                  {out("dx", 6, "dy"), out("dbias", 2), in("dy", 6), in("y", 6), step},
                  [](const Places& p, Execution& e) {
                    bias_relu_dropout_backward({.y = p.matrix("y", 3, 2),
                                                .dy = p.matrix("dy", 3, 2),
                                                .relu = true,
                                                .dropout = 0.5f,
                                                .random = p.random(),
                                                .dx = p.matrix("dx", 3, 2),
                                                .dbias = p.at("dbias")},
                                               e);
                  }});
  uses.push_back({"add_scaled", {out("y", 6), in("x", 6)}, [](const Places& p, Execution& e) {
                    add_scaled(p.matrix("x", 3, 2), 2, p.matrix("y", 3, 2), e);
                  }});
  uses.push_back({"scale", {out("y", 6, "x"), in("x", 6)}, [](const Places& p, Execution& e) {
                    scale(p.matrix("x", 3, 2), 2, p.matrix("y", 3, 2), e);
                  }});
  uses.push_back({"scale_by", {out("y", 6), in("x", 6), in("scalar", 1)}, [](const Places& p, Execution& e) {
                    scale_by(p.matrix("x", 3, 2), 2, p.at("scalar"), p.matrix("y", 3, 2), e);
                  }});
  uses.push_back({"record_scalar", {out("history", 4), in("value", 1), step}, [](const Places& p, Execution& e) {
                    record_scalar(p.at("value"), p.at<uint32_t>("step"), p.at("history"), 4, e);
                  }});
  uses.push_back({"leaky_relu", {out("y", 6, "x"), in("x", 6)}, [](const Places& p, Execution& e) {
                    leaky_relu(p.matrix("x", 3, 2), 0.2f, p.matrix("y", 3, 2), e);
                  }});
  uses.push_back({"leaky_relu_backward", {out("dx", 6, "dy"), in("x", 6), in("dy", 6)}, [](const Places& p, Execution& e) {
                    leaky_relu_backward(p.matrix("x", 3, 2), 0.2f, p.matrix("dy", 3, 2), p.matrix("dx", 3, 2), e);
                  }});
  uses.push_back({"adam",
                  {out("weight", 5), out("moment1", 5), out("moment2", 5), in("gradient", 5), step},
                  [](const Places& p, Execution& e) {
                    const AdamTensor tensor{p.at("weight"), p.at("gradient"), p.at("moment1"), p.at("moment2"), 5};
                    adam({.tensors = &tensor, .device_tensors = &tensor, .tensor_count = 1, .step = p.at<uint32_t>("step")}, e);
                  }});
}

void add_edges(std::vector<OpUse>& uses) {
  uses.push_back(
      {"edge_sums", with_csr({out("s", 4), in("sources", 6), in("targets", 6)}, "graph"), [](const Places& p, Execution& e) {
         edge_sums({p.csr("graph"), p.matrix("sources", 3, 2), p.matrix("targets", 3, 2), p.matrix("s", 2, 2)}, e);
       }});
  uses.push_back(
      {"sum_over_edges", with_csr({out("y", 6), in("s", 4)}, "graph", {"value_index"}), [](const Places& p, Execution& e) {
         sum_over_edges({p.csr("graph"), p.matrix("s", 2, 2), p.matrix("y", 3, 2)}, e);
       }});
  uses.push_back({"head_sddmm", with_csr({out("s", 4), in("x", 12), in("y", 12)}, "graph"), [](const Places& p, Execution& e) {
                    head_sddmm({p.csr("graph"), 2, p.matrix("x", 3, 4), p.matrix("y", 3, 4), p.matrix("s", 2, 2)}, e);
                  }});
  uses.push_back({"head_spmm", with_csr({out("y", 12), in("s", 4), in("x", 12)}, "graph", {"value_index"}),
                  [](const Places& p, Execution& e) {
                    head_spmm({p.csr("graph"), 2, p.matrix("s", 2, 2), p.matrix("x", 3, 4), p.matrix("y", 3, 4)}, e);
                  }});
  uses.push_back({"edge_softmax", with_csr({out("y", 4, "x"), in("x", 4)}, "graph"), [](const Places& p, Execution& e) {
                    edge_softmax({p.csr("graph"), p.matrix("x", 2, 2), p.matrix("y", 2, 2)}, e);
                  }});
  uses.push_back({"edge_softmax_backward", with_csr({out("dx", 4, "dy"), in("y", 4), in("dy", 4)}, "graph"),
                  [](const Places& p, Execution& e) {
                    edge_softmax_backward({p.csr("graph"), p.matrix("y", 2, 2), p.matrix("dy", 2, 2), p.matrix("dx", 2, 2)}, e);
                  }});
  uses.push_back({"row_sums", with_csr({out("sums", 3)}, "a", {"values"}),
                  [](const Places& p, Execution& e) { row_sums(p.csr("a"), p.at("sums"), e); }});
}

/// Two heads of two columns.
void add_attention(std::vector<OpUse>& uses) {
  const auto use = [](const Places& p) {
    return GatUse{.heads = 2, .dropout = 0.5f, .random = p.random(), .edge_scores = p.at("edge_scores")};
  };
  uses.push_back({"head_scores", {out("scores", 6), in("x", 12), in("a", 4)}, [](const Places& p, Execution& e) {
                    head_scores({p.matrix("x", 3, 4), p.at("a"), 2, 2, p.at("scores")}, e);
                  }});
  uses.push_back(
      {"head_scores_backward",
       {out("dx", 12), out("da", 4), in("x", 12), in("a", 4), in("dscores", 6)},
       [](const Places& p, Execution& e) {
         head_scores_backward({p.matrix("x", 3, 4), p.at("a"), 2, 2, p.at("dscores"), p.matrix("dx", 3, 4), p.at("da")}, e);
       }});
  uses.push_back({"gat",
                  with_csr({out("y", 12), out("statistics", 18), out("positive", 12), in("x", 12), in("source_scores", 6),
                            in("target_scores", 6), in("edge_scores", 4), step},
                           "incoming"),
                  [use](const Places& p, Execution& e) {
                    gat_forward({p.csr("incoming"),
                                 use(p),
                                 p.matrix("x", 3, 4),
                                 p.at("source_scores"),
                                 p.at("target_scores"),
                                 p.matrix("y", 3, 4),
                                 {p.at("statistics"), p.at("positive")}},
                                e);
                  }});
  uses.push_back(
      {"gat_backward",
       with_csr({out("dx", 12), out("dsource_scores", 6), out("dtarget_scores", 6), out("dedge_scores", 4), in("x", 12),
                 in("source_scores", 6), in("target_scores", 6), in("source_weights", 4), in("target_weights", 4), in("y", 12),
                 in("statistics", 18), in("positive", 12), in("dy", 12), in("edge_scores", 4), step},
                "outgoing", {"value_index"}),
       [use](const Places& p, Execution& e) {
         gat_backward({.outgoing = p.csr("outgoing"),
                       .use = use(p),
                       .x = p.matrix("x", 3, 4),
                       .source_scores = p.at("source_scores"),
                       .target_scores = p.at("target_scores"),
                       .source_weights = p.at("source_weights"),
                       .target_weights = p.at("target_weights"),
                       .y = p.matrix("y", 3, 4),
                       .kept = {p.at("statistics"), p.at("positive")},
                       .dy = p.matrix("dy", 3, 4),
                       .dx = p.matrix("dx", 3, 4),
                       .dsource_scores = p.at("dsource_scores"),
                       .dtarget_scores = p.at("dtarget_scores"),
                       .dedge_scores = p.at("dedge_scores")},
                      e);
       }});
  uses.push_back({"gatv2",
                  with_csr({out("y", 12), out("statistics", 12), in("sources", 12), in("targets", 12), in("a", 4),
                            in("edge_scores", 4), step},
                           "incoming"),
                  [use](const Places& p, Execution& e) {
                    gatv2_forward({p.csr("incoming"), use(p), p.matrix("sources", 3, 4), p.matrix("targets", 3, 4), p.at("a"),
                                   p.matrix("y", 3, 4), p.at("statistics")},
                                  e);
                  }});
  uses.push_back({"gatv2_backward",
                  with_csr(with_csr({out("dsources", 12), out("dtargets", 12), out("da", 4), out("dedge_scores", 4),
                                     in("sources", 12), in("targets", 12), in("a", 4), in("y", 12), in("statistics", 12),
                                     in("dy", 12), in("edge_scores", 4), step},
                                    "incoming"),
                           "outgoing", {"value_index"}),
                  [use](const Places& p, Execution& e) {
                    gatv2_backward({.incoming = p.csr("incoming"),
                                    .outgoing = p.csr("outgoing"),
                                    .use = use(p),
                                    .sources = p.matrix("sources", 3, 4),
                                    .targets = p.matrix("targets", 3, 4),
                                    .a = p.at("a"),
                                    .y = p.matrix("y", 3, 4),
                                    .statistics = p.at("statistics"),
                                    .dy = p.matrix("dy", 3, 4),
                                    .dsources = p.matrix("dsources", 3, 4),
                                    .dtargets = p.matrix("dtargets", 3, 4),
                                    .da = p.at("da"),
                                    .dedge_scores = p.at("dedge_scores")},
                                   e);
                  }});
}

void add_losses(std::vector<OpUse>& uses) {
  const Array labels = in<int32_t>("labels", std::vector<int32_t>{0, 1, 0}),
              rows = in<int32_t>("rows", std::vector<int32_t>{2, 0});
  const Array class_weights = in("class_weights", 2);
  uses.push_back(
      {"masked_nll", {out("loss", 1), in("logits", 6), labels, rows, class_weights}, [](const Places& p, Execution& e) {
         masked_nll({p.matrix("logits", 3, 2), p.at<int32_t>("labels"), p.at<int32_t>("rows"), 2, p.at("loss"),
                     p.at("class_weights"), 2},
                    e);
       }});
  uses.push_back({"masked_nll_backward",
                  {out("dlogits", 6), in("logits", 6), labels, rows, in("dloss", 1), class_weights},
                  [](const Places& p, Execution& e) {
                    masked_nll_backward({p.matrix("logits", 3, 2), p.at<int32_t>("labels"), p.at<int32_t>("rows"), 2,
                                         p.at("dloss"), p.matrix("dlogits", 3, 2), p.at("class_weights"), 2},
                                        e);
                  }});
  uses.push_back(
      {"count_correct", {out<int32_t>("correct", 1), in("logits", 6), labels, rows}, [](const Places& p, Execution& e) {
         count_correct({p.matrix("logits", 3, 2), p.at<int32_t>("labels"), p.at<int32_t>("rows"), 2, p.at<int32_t>("correct")},
                       e);
       }});
  uses.push_back({"sum_of_squares", {out("sum", 1), in("x", 6)}, [](const Places& p, Execution& e) {
                    sum_of_squares(p.matrix("x", 3, 2), 1, p.at("sum"), e);
                  }});
  uses.push_back({"bpr_loss", {out("loss", 1), in("rows", 6)}, [](const Places& p, Execution& e) {
                    bpr_loss({p.matrix("rows", 3, 2), p.at("loss")}, e);
                  }});
  uses.push_back({"bpr_loss_backward", {out("drows", 6), in("rows", 6), in("dloss", 1)}, [](const Places& p, Execution& e) {
                    bpr_loss_backward(p.matrix("rows", 3, 2), p.at("dloss"), p.matrix("drows", 3, 2), e);
                  }});
  uses.push_back({"sampled_softmax_loss", {out("drows", 10), out("loss", 1), in("rows", 10)}, [](const Places& p, Execution& e) {
                    sampled_softmax_loss(
                        {.rows = p.matrix("rows", 5, 2), .batch = 1, .loss = p.at("loss"), .drows = p.matrix("drows", 5, 2)}, e);
                  }});
}

void add_rows(std::vector<OpUse>& uses) {
  const auto groups = [](const Places& p) {
    return RowGroups{p.at<int32_t>("ids"),        2,
                     p.at<int32_t>("order"),      p.at<int32_t>("distinct"),
                     p.at<int32_t>("offsets"),    p.at<int32_t>("group_of"),
                     p.at<int32_t>("group_count")};
  };
  const Array ids = in<int32_t>("ids", std::vector<int32_t>{2, 0});
  uses.push_back({"group_rows",
                  {out<int32_t>("order", 2), out<int32_t>("distinct", 2), out<int32_t>("offsets", 3), out<int32_t>("group_of", 2),
                   out<int32_t>("group_count", 1), ids},
                  [groups](const Places& p, Execution& e) {
                    std::vector<std::byte> workspace(group_rows_workspace(2, 3, e.stream.kind()));
                    group_rows(groups(p), 3, workspace.data(), e);
                  }});
  uses.push_back({"gather_rows", {out("y", 4), in("x", 6), ids}, [](const Places& p, Execution& e) {
                    gather_rows(p.matrix("x", 3, 2), p.at<int32_t>("ids"), p.matrix("y", 2, 2), e);
                  }});
  // group_of and the ids themselves are not read.
  uses.push_back({"sum_row_groups",
                  {out("target", 6), in("y", 4), in<int32_t>("order", {1, 0}), in<int32_t>("distinct", {0, 2}),
                   in<int32_t>("offsets", {0, 1, 2}), in<int32_t>("group_count", std::vector<int32_t>{2})},
                  [](const Places& p, Execution& e) {
                    int32_t unread[2] = {};
                    const RowGroups groups{unread,
                                           2,
                                           p.at<int32_t>("order"),
                                           p.at<int32_t>("distinct"),
                                           p.at<int32_t>("offsets"),
                                           unread,
                                           p.at<int32_t>("group_count")};
                    sum_row_groups({groups, p.matrix("y", 2, 2), p.matrix("target", 3, 2)}, e);
                  }});
  const std::vector<Array> best = {
      out<int32_t>("columns", 6), out("best_scores", 6), in<int64_t>("excluded row_offsets", {0, 1, 1, 1}),
      in<int32_t>("excluded col_indices", std::vector<int32_t>{1}), in<int32_t>("excluded rows", {0, 1, 2})};
  const auto with = [&best](std::vector<Array> arrays) {
    arrays.insert(arrays.end(), best.begin(), best.end());
    // Of these the op knows one element.
    for (Array& array : arrays) {
      if (array.name == "excluded row_offsets") array.element = array.content.size();
    }
    return arrays;
  };
  const auto exclude = [](const Places& p) {
    return ExcludedColumns{p.at<int64_t>("excluded row_offsets"), p.at<int32_t>("excluded col_indices"),
                           p.at<int32_t>("excluded rows")};
  };
  const auto output = [](const Places& p) { return TopKOutput{2, p.at<int32_t>("columns"), p.at("best_scores")}; };
  uses.push_back({"top_k", with({in("scores", 12)}), [=](const Places& p, Execution& e) {
                    top_k({p.matrix("scores", 3, 4), {exclude(p), {}}, output(p)}, e);
                  }});
  uses.push_back({"score_top_k", with({in("left", 6), in("right", 8)}), [=](const Places& p, Execution& e) {
                    score_top_k({p.matrix("left", 3, 2), p.matrix("right", 4, 2), {{}, exclude(p)}, output(p)}, e);
                  }});
  const auto interactions = [](const Places& p) {
    return InteractionsView{p.csr("matrix"), p.at<int32_t>("row_of"), p.at<int32_t>("eligible"), 2};
  };
  const auto drawn =
      with_csr({out<int32_t>("ids", 6), in<int32_t>("row_of", {0, 1}), in<int32_t>("eligible", {0, 1}), step}, "matrix");
  uses.push_back({"sample_bpr", drawn,
                  [=](const Places& p, Execution& e) { sample_bpr(interactions(p), 2, p.random(), p.at<int32_t>("ids"), e); }});
  uses.push_back({"sample_softmax", drawn, [=](const Places& p, Execution& e) {
                    sample_softmax(interactions(p), 2, 2, 0.5f, p.random(), p.at<int32_t>("ids"), e);
                  }});
}

void add_propagation(std::vector<OpUse>& uses) {
  const auto stored = [](const Places& p, const std::string& name, bool bf16) {
    return bf16 ? StoredRows{.f32 = nullptr, .bf16 = p.at<uint16_t>(name)} : StoredRows{.f32 = p.at(name), .bf16 = nullptr};
  };
  const auto output = [](bool bf16, int64_t count) { return bf16 ? out<uint16_t>("y", count) : out("y", count); };
  const auto input = [](bool bf16, int64_t count) { return bf16 ? in<uint16_t>("x", count) : in("x", count); };
  for (const bool x16 : {false, true}) {
    for (const bool y16 : {false, true}) {
      const auto args = [=](const Places& p) {
        return PropagateArgs{.a = p.csr("a"),
                             .scale = p.at("scale"),
                             .x = stored(p, "x", x16),
                             .base = p.at("base"),
                             .width = 4,
                             .y = stored(p, "y", y16)};
      };
      uses.push_back({"propagate", with_csr({output(y16, 12), input(x16, 12), in("base", 12), in("scale", 3)}, "a", {"values"}),
                      [=](const Places& p, Execution& e) { propagate(args(p), e); }});
      // Of x and base the first element is known where slots name their rows, and so all where a row has one.
      uses.push_back(
          {"propagate",
           with_csr({output(y16, 2), input(x16, 1), in("base", 1), in("scale", 3), in("x_scale", 3),
                     in<int32_t>("x_slots", {0, -1, -1}), in<int32_t>("base_slots", {-1, -1, 0}), in<int32_t>("rows", {0, 2})},
                    "a"),
           [=](const Places& p, Execution& e) {
             PropagateArgs listed = args(p);
             listed.x_scale = p.at("x_scale");
             listed.x_slots = p.at<int32_t>("x_slots");
             listed.base_slots = p.at<int32_t>("base_slots");
             listed.rows = p.at<int32_t>("rows");
             listed.row_count = 2;
             listed.compact = true;
             listed.width = 1;
             propagate(listed, e);
           }});
    }
    uses.push_back({"prescale",
                    {x16 ? out<uint16_t>("y", 12) : out("y", 12, "x"), in("x", 12), in("scale", 3)},
                    [=](const Places& p, Execution& e) {
                      prescale({p.at("x"), p.at("scale"), 3, 4, stored(p, "y", x16)}, e);
                    }});
  }
  uses.push_back({"neighbours",
                  with_csr({out<uint8_t>("flags", 3), out<int32_t>("columns", 3), in<int32_t>("rows", {0, 1})}, "a"),
                  [](const Places& p, Execution& e) {
                    neighbours({.a = p.csr("a"),
                                .rows = p.at<int32_t>("rows"),
                                .row_count = 2,
                                .flags = p.at<uint8_t>("flags"),
                                .columns = p.at<int32_t>("columns")},
                               e);
                  }});
  uses.push_back({"assign_slots", {out<int32_t>("slots", 3), in<int32_t>("rows", {0, 2})}, [](const Places& p, Execution& e) {
                    assign_slots(p.at<int32_t>("rows"), 2, true, p.at<int32_t>("slots"), 3, e);
                  }});
}

std::vector<OpUse> op_uses() {
  std::vector<OpUse> uses;
  add_dense(uses);
  add_elementwise(uses);
  add_edges(uses);
  add_attention(uses);
  add_losses(uses);
  add_rows(uses);
  add_propagation(uses);
  return uses;
}

/// The op's arrays, each in a part of `memory` of its own.
Places apart(const OpUse& use, std::vector<std::byte>& memory) {
  constexpr std::size_t part = 1024;
  memory.assign((2 * use.arrays.size() + 2) * part, std::byte{0});
  Places places;
  std::size_t next = part;
  for (const Array& array : use.arrays) {
    places[array.name] = memory.data() + next;
    std::memcpy(memory.data() + next, array.content.data(), array.content.size());
    next += 2 * part;
  }
  return places;
}

/// What ops call themselves to the profiler.
std::set<std::string> op_names() {
  std::set<std::string> names;
  const std::regex name(R"re(ProfiledOp \w+\(execution, "(\w+)")re");
  for (const auto& entry : std::filesystem::recursive_directory_iterator(source_dir() / "kernels")) {
    if (entry.path().extension() != ".cpp") continue;
    std::stringstream content;
    content << std::ifstream(entry.path()).rdbuf();
    const std::string source = content.str();
    for (std::sregex_iterator found(source.begin(), source.end(), name), end; found != end; ++found) names.insert((*found)[1]);
  }
  return names;
}

}  // namespace

TEST_SUITE("kernels") {
  TEST_CASE("every op / refuses an output that shares memory with another array, in whole or in part") {
    Workbench workbench(Device::cpu({.threads = 1}));
    std::vector<std::byte> memory;
    for (const OpUse& use : op_uses()) {
      INFO(use.op);
      Places places = apart(use, memory);
      CHECK_NOTHROW(use.call(places, workbench.execution()));
      for (const Array& y : use.arrays) {
        if (!y.written) continue;
        for (const Array& x : use.arrays) {
          if (x.name == y.name) continue;
          const bool in_place = y.in_place_of == x.name || x.in_place_of == y.name;
          const auto bytes = static_cast<std::ptrdiff_t>(x.content.size()), own = static_cast<std::ptrdiff_t>(y.content.size());
          for (const std::ptrdiff_t shift : {std::ptrdiff_t{0}, bytes - static_cast<std::ptrdiff_t>(x.element),
                                             static_cast<std::ptrdiff_t>(y.element) - own}) {
            INFO(y.name, " begins ", shift, " bytes behind ", x.name);
            places = apart(use, memory);
            places[y.name] = places[x.name] + shift;
            const auto call = [&] { use.call(places, workbench.execution()); };
            if (in_place && shift == 0) {
              CHECK_NOTHROW(call());
            } else {
              CHECK(error_mismatch(ErrorKind::usage, in_place ? " overlap in part" : " share memory", call) == "");
            }
          }
        }
      }
    }
  }

  TEST_CASE("every op / is among those whose arrays are looked at") {
    std::set<std::string> looked_at = {"fill", "increment",                                    // one array
                                       "coo_to_csr", "transpose_csr", "bipartite_adjacency"};  // their outputs are made by them
    for (const OpUse& use : op_uses()) looked_at.insert(use.op);
    const std::set<std::string> names = op_names();
    CHECK(names.size() > 40);
    for (const std::string& name : names) CHECK_MESSAGE(looked_at.contains(name), name);
  }
}
