#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "heddle/device.h"

namespace heddle {

/// Copies `bytes` from the host, ordered in the stream; the host memory may be reused at once.
void upload(Stream& stream, void* device, const void* host, std::size_t bytes);

/// Memory of a device, given back when the Buffer ends. Movable, not copyable. Uninitialised when made; aligned to 64 bytes, on
/// cuda to 256.
class Buffer {
 public:
  Buffer() = default;
  /// Throws Error{out_of_memory}.
  Buffer(const Stream& stream, std::size_t bytes);
  Buffer(Buffer&& other) noexcept { swap(other); }
  Buffer& operator=(Buffer&& other) noexcept {
    swap(other);
    return *this;
  }
  ~Buffer();

  std::size_t bytes() const { return bytes_; }
  void* data() const { return data_; }
  template <class T>
  T* as() const {
    return static_cast<T*>(data_);
  }

  /// Copies `count` elements from host memory into a new buffer, ordered in the stream.
  template <class T>
  static Buffer upload(Stream& stream, const T* values, std::size_t count) {
    Buffer buffer(stream, count * sizeof(T));
    heddle::upload(stream, buffer.data(), values, count * sizeof(T));
    return buffer;
  }
  template <class T>
  static Buffer upload(Stream& stream, const std::vector<T>& values) {
    return upload(stream, values.data(), values.size());
  }

  void swap(Buffer& other) noexcept {
    std::swap(backend_, other.backend_);
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
  }

 private:
  std::shared_ptr<kernels::Backend> backend_;
  void* data_ = nullptr;
  std::size_t bytes_ = 0;
};

/// Copies `bytes` to the host; waits for the stream.
void download(Stream& stream, void* host, const void* device, std::size_t bytes);
/// `count` elements of a device's memory as a host vector; waits for the stream.
template <class T>
std::vector<T> download(Stream& stream, const T* device, std::size_t count) {
  std::vector<T> values(count);
  download(stream, values.data(), device, count * sizeof(T));
  return values;
}

}  // namespace heddle
