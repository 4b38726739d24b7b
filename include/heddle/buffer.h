#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "heddle/device.h"
#include "heddle/export.h"

HEDDLE_API_BEGIN
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
  /// The memory goes over; `other` is empty, or has what this one had.
  Buffer(Buffer&& other) noexcept { swap(other); }
  /// As above.
  Buffer& operator=(Buffer&& other) noexcept {
    swap(other);
    return *this;
  }
  ~Buffer();

  /// How large it is.
  std::size_t bytes() const { return bytes_; }
  /// Its address, in the memory of the device; null where it is empty.
  void* data() const { return data_; }
  /// The same as a pointer to elements.
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
  /// The same for all elements of a vector.
  template <class T>
  static Buffer upload(Stream& stream, const std::vector<T>& values) {
    return upload(stream, values.data(), values.size());
  }

  /// Exchanges the memory of the two.
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
HEDDLE_API_END
