#pragma once

// The benchmarks of the heddle_bench program, by what they measure. bench/README.md says how to run and read them.
namespace heddle::bench {

void register_spmm();
void register_gemm();
void register_ops();
void register_gcn();
void register_attention();
void register_top_k();
void register_ranking_losses();
void register_graph_build();
void register_lightgcn();
void register_propagation();
void register_adam();
void register_asking();

}  // namespace heddle::bench
