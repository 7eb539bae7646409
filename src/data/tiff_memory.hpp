#pragma once
/// A TIFF in memory, open in libtiff. Private to src/data.

#include <tiffio.h>

#include <string>

#include "reconlaw/data/bytes.hpp"

namespace reconlaw::data {

/// libtiff's messages come here and nowhere else: its handlers for a single file, since version 4.5, leave
/// those of the whole process as they are.
class TiffMemory {
  public:
    /// For reading. @param bytes  viewed
    explicit TiffMemory(ByteView bytes);
    /// For writing.
    TiffMemory();
    TiffMemory(const TiffMemory&) = delete;
    TiffMemory& operator=(const TiffMemory&) = delete;
    ~TiffMemory() { close(); }

    TIFF* get() const { return tiff_; }  ///< nullptr: cannot be opened
    void close();
    Bytes written() { return std::move(output_); }  ///< after close

    /// The first error, printable; empty: none. A warning that data are missing counts: libtiff would go on
    /// with invented pixels.
    const std::string& error() const { return error_; }

  private:
    struct Callbacks;
    void open(const char* mode);

    ByteView input_;
    Bytes output_;
    bool reading_;
    std::uint64_t offset_ = 0;
    std::string error_;
    TIFF* tiff_ = nullptr;
};

}  // namespace reconlaw::data
