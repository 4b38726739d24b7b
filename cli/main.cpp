#include <cstdio>
#include <cstdlib>
#include "heddle/heddle.h"
int main(int argc, char** argv) {
  try {
  auto data = heddle::io::load(argv[1]);
  auto device = heddle::Device::parse(argc > 2 ? argv[2] : "cpu", argc > 3 ? std::atoi(argv[3]) : 0);
  double sum = 0; int seeds = argc > 4 ? atoi(argv[4]) : 3;
  for (int s = 0; s < seeds; ++s) {
    heddle::Gcn model(data, {.hidden = argc > 6 ? atoi(argv[6]) : 16, .layers = argc > 7 ? atoi(argv[7]) : 2, .seed = (uint64_t)s}, device);
    auto r = heddle::train(model, data, {.epochs = argc > 5 ? atoi(argv[5]) : 200});
    sum += r.test_accuracy;
    std::printf("%d loss %.6f val %.4f test %.4f ms %.3f min %.3f %s held %.1f MB\n", s, r.train_loss, r.val_accuracy, r.test_accuracy, r.epoch_ms_median(), r.epoch_ms_min(), r.weights_hash.c_str(), model.context().arena().held_bytes()/1e6);
  }
  std::printf("mean %.4f %s\n", sum / seeds, device.description().c_str());
  } catch (const heddle::Error& e) { std::printf("error %s: %s\n", to_string(e.kind()), e.what()); return 1; }
}
