#include "heddle/buffer.h"

#include "kernels/device/backend.h"

namespace heddle {

Buffer::Buffer(const Stream& stream, std::size_t bytes) : backend_(stream.backend().shared_from_this()), bytes_(bytes) {
  if (bytes > 0) data_ = backend_->allocate(bytes);
}

Buffer::~Buffer() {
  if (data_ != nullptr) backend_->release(data_, bytes_);
}

void upload(Stream& stream, void* device, const void* host, std::size_t bytes) {
  stream.backend().copy_to_device(device, host, bytes, stream);
}

void download(Stream& stream, void* host, const void* device, std::size_t bytes) {
  stream.backend().copy_to_host(host, device, bytes, stream);
}

}  // namespace heddle
