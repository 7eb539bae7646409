// TIFF with libtiff: one page of grey strips.

#include <algorithm>
#include <stdexcept>

#include "decoders.hpp"
#include "tiff_memory.hpp"

namespace reconlaw::data {

Bytes encode_tiff(const void* samples, Eigen::Index rows, Eigen::Index cols, SampleType type,
                  bool white_is_zero) {
    TiffMemory file;
    TIFF* tiff = file.get();
    const auto fail = [&] { throw std::runtime_error("encode_stored: TIFF: " + file.error()); };
    if (!tiff) fail();
    const auto set = [&](ttag_t tag, auto value) {
        if (!TIFFSetField(tiff, tag, value)) fail();
    };
    set(TIFFTAG_IMAGEWIDTH, static_cast<std::uint32_t>(cols));
    set(TIFFTAG_IMAGELENGTH, static_cast<std::uint32_t>(rows));
    set(TIFFTAG_BITSPERSAMPLE, type.bits);
    set(TIFFTAG_SAMPLESPERPIXEL, 1);
    set(TIFFTAG_SAMPLEFORMAT, type.kind == SampleKind::whole          ? SAMPLEFORMAT_UINT
                              : type.kind == SampleKind::signed_whole ? SAMPLEFORMAT_INT
                                                                      : SAMPLEFORMAT_IEEEFP);
    set(TIFFTAG_PHOTOMETRIC, white_is_zero ? PHOTOMETRIC_MINISWHITE : PHOTOMETRIC_MINISBLACK);
    set(TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG);
    set(TIFFTAG_ORIENTATION, ORIENTATION_TOPLEFT);
    set(TIFFTAG_COMPRESSION, COMPRESSION_ADOBE_DEFLATE);
    const Eigen::Index stride = cols * type.bits / 8;
    constexpr Eigen::Index strip_bytes = 1 << 18;
    set(TIFFTAG_ROWSPERSTRIP,
        static_cast<std::uint32_t>(std::clamp(strip_bytes / stride, Eigen::Index{1}, rows)));
    Bytes row(static_cast<std::size_t>(stride));  // libtiff may write to what it is given
    const auto* start = static_cast<const std::uint8_t*>(samples);
    for (Eigen::Index i = 0; i < rows; ++i) {
        std::copy_n(start + i * stride, stride, row.begin());
        if (TIFFWriteScanline(tiff, row.data(), static_cast<std::uint32_t>(i), 0) != 1) fail();
    }
    if (!TIFFFlush(tiff)) fail();
    file.close();
    if (!file.error().empty()) fail();
    return file.written();
}

}  // namespace reconlaw::data
