#include "../readers.h"
#include "fuzz.h"

namespace {

/// The first byte chooses what the pickle is expected to hold.
void read_pickle(std::string_view content) {
  if (content.empty()) return;
  const heddle::test::Reader readers[] = {heddle::test::csr_pickle, heddle::test::matrix_pickle, heddle::test::graph_pickle};
  readers[static_cast<unsigned char>(content[0]) % 3](content.substr(1));
}

}  // namespace

HEDDLE_FUZZ_TARGET(read_pickle(content))
