#pragma once
/// An open file that closes itself. Private to src/data.

#include <unistd.h>

#include <utility>

namespace reconlaw::data {

class FileDescriptor {
  public:
    explicit FileDescriptor(int descriptor) : descriptor_(descriptor) {}
    FileDescriptor(FileDescriptor&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
    FileDescriptor(const FileDescriptor&) = delete;
    FileDescriptor& operator=(const FileDescriptor&) = delete;
    FileDescriptor& operator=(FileDescriptor&& other) noexcept {
        std::swap(descriptor_, other.descriptor_);
        return *this;
    }
    ~FileDescriptor() { close(); }

    int get() const { return descriptor_; }
    bool is_open() const { return descriptor_ >= 0; }

    /// 0, or -1 with errno: an error kept back until now, e.g. of a network file system
    int close() { return is_open() ? ::close(std::exchange(descriptor_, -1)) : 0; }

  private:
    int descriptor_;
};

}  // namespace reconlaw::data
