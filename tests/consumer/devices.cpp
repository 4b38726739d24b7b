// Which devices a program has is decided by what it is linked with: says of each whether it can be made, or why not.
#include <heddle/device.h>
#include <heddle/error.h>
#include <heddle/version.h>

#include <cstdio>
#include <cstring>

int main() {
  std::printf("heddle %s\n", heddle::version());
  for (const char* name : {"cpu", "simt", "cuda"}) {
    try {
      std::printf("%s: %s\n", name, heddle::Device::parse(name, 1).description().c_str());
    } catch (const heddle::Error& error) {
      std::printf("%s: %s, %s\n", name, to_string(error.kind()), error.what());
    }
  }
  // The library that runs is the one whose headers these are.
  return std::strcmp(heddle::version(), HEDDLE_VERSION) == 0 ? 0 : 1;
}
