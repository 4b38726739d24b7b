#include <heddle/heddle.h>

#include <cstdio>

int main() {
  auto data = heddle::io::load("data/cora");
  heddle::Device device = heddle::Device::best();
  heddle::Gcn model(data, {.hidden = 16, .dropout = 0.5f}, device);
  auto report = heddle::train(model, data, {.epochs = 200, .learning_rate = 0.01f});
  std::printf("test accuracy %.3f\n", report.test_accuracy);
}
