#pragma once
/// Owned device memory.

#include <utility>

#include "kernels/kernels.hpp"

namespace reconlaw::gpu {

template <class T>
class DeviceArray {
  public:
    DeviceArray() = default;
    explicit DeviceArray(std::ptrdiff_t size)
        : data_(static_cast<T*>(kernels::allocate(sizeof(T) * static_cast<std::size_t>(size)))), size_(size) {
        kernels::clear(data_, bytes());
    }
    ~DeviceArray() {
        if (data_) kernels::release(data_);
    }
    DeviceArray(DeviceArray&& other) noexcept
        : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
    DeviceArray& operator=(DeviceArray&& other) noexcept {
        std::swap(data_, other.data_);
        std::swap(size_, other.size_);
        return *this;
    }

    T* data() const { return data_; }
    std::ptrdiff_t size() const { return size_; }
    std::size_t bytes() const { return sizeof(T) * static_cast<std::size_t>(size_); }
    void upload(const T* from) { kernels::upload(data_, from, bytes()); }
    void download(T* to) const { kernels::download(to, data_, bytes()); }

  private:
    T* data_ = nullptr;
    std::ptrdiff_t size_ = 0;
};

}  // namespace reconlaw::gpu
