#include "tiff_memory.hpp"

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <stdexcept>

#include "reconlaw/data/in_quotes.hpp"

namespace reconlaw::data {

struct TiffMemory::Callbacks {
    static TiffMemory& of(thandle_t handle) { return *static_cast<TiffMemory*>(handle); }

    static void keep(TiffMemory& file, const char* format, va_list arguments) {
        if (!file.error_.empty()) return;
        char text[300];
        std::vsnprintf(text, sizeof text, format, arguments);
        file.error_ = printable(text);
        if (file.error_.ends_with('.')) file.error_.pop_back();
    }
    static int on_error(TIFF*, void* user, const char*, const char* format, va_list arguments) {
        keep(*static_cast<TiffMemory*>(user), format, arguments);
        return 1;  // not to the handler of the process, which prints
    }
    static int on_warning(TIFF*, void* user, const char* module, const char* format, va_list arguments) {
        const bool invented = (module && std::strcmp(module, "JPEGLib") == 0) ||
                              std::strstr(format, "Premature EOF") || std::strstr(format, "IO error");
        if (invented) keep(*static_cast<TiffMemory*>(user), format, arguments);
        return 1;
    }

    static tmsize_t read(thandle_t handle, void* target, tmsize_t count) {
        TiffMemory& file = of(handle);
        const ByteView all = file.reading_ ? file.input_ : ByteView(file.output_);
        if (count < 0 || file.offset_ >= all.size()) return 0;
        const std::size_t got =
            std::min<std::uint64_t>(static_cast<std::uint64_t>(count), all.size() - file.offset_);
        std::memcpy(target, all.data() + file.offset_, got);
        file.offset_ += got;
        return static_cast<tmsize_t>(got);
    }
    static tmsize_t write(thandle_t handle, void* source, tmsize_t count) {
        TiffMemory& file = of(handle);
        if (file.reading_ || count < 0) return 0;
        const auto end = file.offset_ + static_cast<std::uint64_t>(count);
        if (file.output_.size() < end) file.output_.resize(end);
        std::memcpy(file.output_.data() + file.offset_, source, static_cast<std::size_t>(count));
        file.offset_ = end;
        return count;
    }
    static toff_t seek(thandle_t handle, toff_t offset, int whence) {
        TiffMemory& file = of(handle);
        file.offset_ = offset + (whence == SEEK_CUR ? file.offset_ : whence == SEEK_END ? size(handle) : 0);
        return file.offset_;
    }
    static toff_t size(thandle_t handle) {
        const TiffMemory& file = of(handle);
        return file.reading_ ? file.input_.size() : file.output_.size();
    }
    static int close(thandle_t) { return 0; }
};

TiffMemory::TiffMemory(ByteView bytes) : input_(bytes), reading_(true) {
    open("rm");  // m: through these callbacks, not mapped
}

TiffMemory::TiffMemory() : reading_(false) {
    open("w");
}

void TiffMemory::open(const char* mode) {
    constexpr tmsize_t largest_allocation = tmsize_t{1} << 30;
    TIFFOpenOptions* options = TIFFOpenOptionsAlloc();
    if (!options) throw std::bad_alloc();
    TIFFOpenOptionsSetMaxSingleMemAlloc(options, largest_allocation);
    TIFFOpenOptionsSetErrorHandlerExtR(options, Callbacks::on_error, this);
    TIFFOpenOptionsSetWarningHandlerExtR(options, Callbacks::on_warning, this);
    tiff_ = TIFFClientOpenExt("image", mode, this, Callbacks::read, Callbacks::write, Callbacks::seek,
                              Callbacks::close, Callbacks::size, nullptr, nullptr, options);
    TIFFOpenOptionsFree(options);
}

void TiffMemory::close() {
    if (tiff_) TIFFClose(tiff_);
    tiff_ = nullptr;
}

}  // namespace reconlaw::data
