#pragma once
/// TIFF files of any layout, written by libtiff.

#include <tiffio.h>

#include <cstring>
#include <stdexcept>

#include "support/temporary_directory.hpp"

namespace reconlaw::data::testing {

struct TiffKind {
    int rows = 1, cols = 1;
    int bits = 8, samples = 1;  ///< a pixel
    int format = SAMPLEFORMAT_UINT, photometric = PHOTOMETRIC_MINISBLACK;
    int compression = COMPRESSION_NONE, orientation = ORIENTATION_TOPLEFT;
    int extra = -1;  ///< meaning of the last sample
    int tile = 0;    ///< its side; 0: strips of 4 rows
    bool planar = false;
    const char* mode = "w";  ///< b, l: byte order; 8: BigTIFF
    int pages = 1;
};

/// A row of numbers as libtiff takes it, in the machine's byte order.
inline Bytes tiff_row(const std::vector<double>& values, const TiffKind& k) {
    Bytes row;
    const auto add = [&](auto value) {
        const std::size_t at = row.size();
        row.resize(at + sizeof value);
        std::memcpy(row.data() + at, &value, sizeof value);
    };
    unsigned waiting = 0;
    int bits = 0;
    for (const double v : values) {
        if (k.format == SAMPLEFORMAT_IEEEFP) {
            if (k.bits == 16) add(std::uint16_t{0});
            if (k.bits == 32) add(static_cast<float>(v));
            if (k.bits == 64) add(v);
        } else if (k.bits == 8) {
            row.push_back(static_cast<std::uint8_t>(static_cast<int>(v)));
        } else if (k.bits == 16) {
            add(static_cast<std::uint16_t>(static_cast<int>(v)));
        } else if (k.bits == 32) {
            add(static_cast<std::uint32_t>(static_cast<std::int64_t>(v)));
        } else {
            waiting = waiting << k.bits | static_cast<unsigned>(v), bits += k.bits;
            for (; bits >= 8; bits -= 8) row.push_back(static_cast<std::uint8_t>(waiting >> (bits - 8)));
        }
    }
    if (bits > 0) row.push_back(static_cast<std::uint8_t>(waiting << (8 - bits)));
    return row;
}

/// @param value  value(row, column, sample)
template <class Value>
void write_tiff_page(TIFF* tiff, const TiffKind& k, const Value& value) {
    const auto set = [&](ttag_t tag, auto v) {
        if (!TIFFSetField(tiff, tag, v)) throw std::runtime_error("TIFFSetField");
    };
    set(TIFFTAG_IMAGEWIDTH, k.cols), set(TIFFTAG_IMAGELENGTH, k.rows);
    set(TIFFTAG_BITSPERSAMPLE, k.bits), set(TIFFTAG_SAMPLESPERPIXEL, k.samples);
    set(TIFFTAG_SAMPLEFORMAT, k.format), set(TIFFTAG_PHOTOMETRIC, k.photometric);
    set(TIFFTAG_COMPRESSION, k.compression), set(TIFFTAG_ORIENTATION, k.orientation);
    set(TIFFTAG_PLANARCONFIG, k.planar ? PLANARCONFIG_SEPARATE : PLANARCONFIG_CONTIG);
    if (k.photometric == PHOTOMETRIC_YCBCR) set(TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
    if (k.extra >= 0) {
        const std::uint16_t kinds[] = {static_cast<std::uint16_t>(k.extra)};
        TIFFSetField(tiff, TIFFTAG_EXTRASAMPLES, 1, kinds);
    }
    std::vector<std::uint16_t> map(std::size_t{1} << std::min(k.bits, 8));
    if (k.photometric == PHOTOMETRIC_PALETTE) {  // red falls from 65535, green and blue rise
        std::vector<std::uint16_t> red = map;
        for (std::size_t i = 0; i < map.size(); ++i)
            map[i] = static_cast<std::uint16_t>(257 * i), red[i] = static_cast<std::uint16_t>(65535 - map[i]);
        TIFFSetField(tiff, TIFFTAG_COLORMAP, red.data(), map.data(), map.data());
    }
    const int planes = k.planar ? k.samples : 1, height = k.tile > 0 ? k.tile : 1;
    if (k.tile > 0)
        set(TIFFTAG_TILEWIDTH, k.tile), set(TIFFTAG_TILELENGTH, k.tile);
    else
        set(TIFFTAG_ROWSPERSTRIP, k.photometric == PHOTOMETRIC_YCBCR ? 16 : 4);
    const int width = k.tile > 0 ? k.tile : k.cols;
    for (int plane = 0; plane < planes; ++plane)
        for (int top = 0; top < k.rows; top += height)
            for (int left = 0; left < k.cols; left += width) {
                Bytes block;
                for (int row = top; row < top + height; ++row) {
                    std::vector<double> values;
                    for (int col = left; col < left + width; ++col)
                        for (int s = 0; s < (k.planar ? 1 : k.samples); ++s)
                            values.push_back(value(std::min(row, k.rows - 1), std::min(col, k.cols - 1),
                                                   k.planar ? plane : s));
                    const Bytes packed = tiff_row(values, k);
                    block.insert(block.end(), packed.begin(), packed.end());
                }
                const auto r = static_cast<std::uint32_t>(top), c = static_cast<std::uint32_t>(left);
                const auto p = static_cast<std::uint16_t>(plane);
                const bool ok = k.tile > 0 ? TIFFWriteTile(tiff, block.data(), c, r, 0, p) >= 0
                                           : TIFFWriteScanline(tiff, block.data(), r, p) == 1;
                if (!ok) throw std::runtime_error("libtiff cannot write");
            }
}

template <class Value>
Bytes tiff_bytes(const TiffKind& k, const Value& value) {
    const TemporaryDirectory directory;
    TIFF* tiff = TIFFOpen((directory / "x.tif").c_str(), k.mode);
    if (!tiff) throw std::runtime_error("libtiff cannot create");
    for (int page = 0; page < k.pages; ++page) {
        write_tiff_page(tiff, k, value);
        TIFFWriteDirectory(tiff);
    }
    TIFFClose(tiff);
    return read_file(directory / "x.tif");
}

}  // namespace reconlaw::data::testing
