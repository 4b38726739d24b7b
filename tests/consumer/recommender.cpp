#include <heddle/heddle.h>

#include <cstdio>

int main() {
  auto data = heddle::prepare(heddle::io::load_interactions("orders.csv"));
  heddle::LightGcn model(data, {.dim = 64, .layers = 3}, heddle::Device::best());
  heddle::train(model, data);
  auto metrics = heddle::evaluate(model, data, data.test, {.topk = {20}});
  std::printf("recall@20 %.3f\n", metrics.values.at("recall@20"));
  const int32_t basket[] = {data.items.require_known("A-17", "item")};
  for (auto [item, score] : heddle::recommend(model, basket, 5)) std::printf("%s %.3f\n", data.items[item].c_str(), score);
}
