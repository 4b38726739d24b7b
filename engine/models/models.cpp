#include "heddle/models.h"

#include <memory>

#include "heddle/error.h"
#include "heddle/rethrow.h"
#include "io/hasher.h"

namespace heddle {

EdgeTable NodeClassifier::attention() { fail(ErrorKind::usage, "the model ", name(), " has no attention"); }

std::string weights_hash(NodeClassifier& model) try {
  io::detail::Hasher hasher;
  for (const Parameter& parameter : model.parameters()) {
    const HostMatrix values = parameter.tensor().to_host();
    hasher.add(values.values.data(), static_cast<int64_t>(values.values.size()));
  }
  return hasher.hex();
} catch (...) {
  rethrow_as_error();
}

}  // namespace heddle
