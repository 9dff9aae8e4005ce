/// AlignedBuffer: the arrays that kernels read.
///
/// Invariants: data() is aligned to 64 bytes; a buffer of 2 MiB or more is aligned to 2 MiB and the system is advised
///             to back it by huge pages (random line rate +15-100 %), which it may refuse without harm; what is left
///             beyond whole pages is rounded up to one where it fills a quarter of it.
/// Elements are trivially copyable; `resize` zero-fills what is new, `ForOverwrite` does not (the threads that fill a
/// large buffer then touch its pages first, each its own); copies are deep, moves are free.
/// Threads: as std::vector.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <span>
#include <type_traits>
#include <utility>

namespace kith {

/// Raw memory with the alignment and advice above; throws std::bad_alloc.
[[nodiscard]] void* AllocateAligned(std::size_t bytes);
void FreeAligned(void* memory) noexcept;

template <class T>
class AlignedBuffer {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  AlignedBuffer() noexcept = default;
  explicit AlignedBuffer(std::size_t size) { resize(size); }
  /// Elements have no value until they are written.
  [[nodiscard]] static AlignedBuffer ForOverwrite(std::size_t size) {
    AlignedBuffer buffer;
    buffer.Reserve(size);
    buffer.size_ = size;
    return buffer;
  }
  AlignedBuffer(const AlignedBuffer& other) { assign(other.span()); }
  AlignedBuffer(AlignedBuffer&& other) noexcept { swap(other); }
  AlignedBuffer& operator=(AlignedBuffer other) noexcept {
    swap(other);
    return *this;
  }
  ~AlignedBuffer() { FreeAligned(data_); }

  void swap(AlignedBuffer& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
  }
  void assign(std::span<const T> values) {
    if (values.size() > capacity_) *this = ForOverwrite(values.size());
    size_ = values.size();
    if (!values.empty()) std::memcpy(data_, values.data(), values.size_bytes());
  }
  /// Keeps what was there up to the smaller size, zeroes what is new.
  void resize(std::size_t size) {
    Reserve(size);
    if (size > size_) std::memset(static_cast<void*>(data_ + size_), 0, (size - size_) * sizeof(T));
    size_ = size;
  }
  void clear() noexcept { size_ = 0; }

  [[nodiscard]] T* data() noexcept { return data_; }
  [[nodiscard]] const T* data() const noexcept { return data_; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] T& operator[](std::size_t i) noexcept { return data_[i]; }
  [[nodiscard]] const T& operator[](std::size_t i) const noexcept { return data_[i]; }
  [[nodiscard]] std::span<T> span() noexcept { return {data_, size_}; }
  [[nodiscard]] std::span<const T> span() const noexcept { return {data_, size_}; }
  [[nodiscard]] T* begin() noexcept { return data_; }
  [[nodiscard]] T* end() noexcept { return data_ + size_; }
  [[nodiscard]] const T* begin() const noexcept { return data_; }
  [[nodiscard]] const T* end() const noexcept { return data_ + size_; }

 private:
  void Reserve(std::size_t size) {
    if (size <= capacity_) return;
    if (size > SIZE_MAX / sizeof(T)) throw std::bad_alloc();
    T* grown = static_cast<T*>(AllocateAligned(size * sizeof(T)));
    if (size_ != 0) std::memcpy(static_cast<void*>(grown), data_, size_ * sizeof(T));
    FreeAligned(data_);
    data_ = grown;
    capacity_ = size;
  }

  T* data_ = nullptr;
  std::size_t size_ = 0, capacity_ = 0;
};

}  // namespace kith
