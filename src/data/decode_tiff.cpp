// TIFF with libtiff: the first page, row by row or tile by tile, in the file's own numbers.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <string>

#include "decoders.hpp"
#include "reconlaw/data/file_error.hpp"
#include "tiff_memory.hpp"

namespace reconlaw::data {
namespace {

namespace fs = std::filesystem;

/// What the tags say.
struct Layout {
    Eigen::Index rows = 0, cols = 0;
    int bits = 1, samples = 1;  ///< a pixel
    int sample_format = SAMPLEFORMAT_UINT, photometric = PHOTOMETRIC_MINISBLACK, orientation = 1;
    bool planar = false;
    int colours = 1;  ///< samples that are not opacity or unknown
    bool has_opacity = false, premultiplied = false;
    std::array<const std::uint16_t*, 3> palette = {};

    bool has_palette() const { return photometric == PHOTOMETRIC_PALETTE; }
    int used() const { return colours + (has_opacity ? 1 : 0); }
};

template <class T>
T tag(TIFF* tiff, ttag_t name, T otherwise) {
    T value = otherwise;
    return TIFFGetFieldDefaulted(tiff, name, &value) ? value : otherwise;
}

void require_samples(const Layout& t, const fs::path& name) {
    const auto is = [&](std::initializer_list<int> allowed) {
        return std::find(allowed.begin(), allowed.end(), t.bits) != allowed.end();
    };
    const std::string bits = "TIFF with " + std::to_string(t.bits) + "-bit ";
    switch (t.sample_format) {
        case SAMPLEFORMAT_UINT:
        case SAMPLEFORMAT_VOID:
            if (t.has_palette() && t.bits > 8)
                throw FileError(name, bits + "palette indices, expected at most 8");
            if ((t.bits < 1 || t.bits > 16) && t.bits != 32)
                throw FileError(name, bits + "samples, expected 1 to 16 or 32");
            return;
        case SAMPLEFORMAT_INT:
            if (!is({8, 16, 32})) throw FileError(name, bits + "signed samples, expected 8, 16 or 32");
            return;
        case SAMPLEFORMAT_IEEEFP:
            if (!is({32, 64})) throw FileError(name, bits + "float samples, expected 32 or 64");
            return;
        default:
            throw FileError(name, "TIFF with complex samples, expected whole numbers or reals");
    }
}

/// @throws FileError  a kind of image that is not read
Layout layout_of(TIFF* tiff, const fs::path& name) {
    Layout t;
    t.rows = tag<std::uint32_t>(tiff, TIFFTAG_IMAGELENGTH, 0);
    t.cols = tag<std::uint32_t>(tiff, TIFFTAG_IMAGEWIDTH, 0);
    t.bits = tag<std::uint16_t>(tiff, TIFFTAG_BITSPERSAMPLE, 1);
    t.samples = tag<std::uint16_t>(tiff, TIFFTAG_SAMPLESPERPIXEL, 1);
    t.sample_format = tag<std::uint16_t>(tiff, TIFFTAG_SAMPLEFORMAT, SAMPLEFORMAT_UINT);
    t.orientation = tag<std::uint16_t>(tiff, TIFFTAG_ORIENTATION, ORIENTATION_TOPLEFT);
    t.planar = tag<std::uint16_t>(tiff, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG) == PLANARCONFIG_SEPARATE;
    t.photometric = tag<std::uint16_t>(tiff, TIFFTAG_PHOTOMETRIC,
                                       t.samples >= 3 ? PHOTOMETRIC_RGB : PHOTOMETRIC_MINISBLACK);
    const auto compression = tag<std::uint16_t>(tiff, TIFFTAG_COMPRESSION, COMPRESSION_NONE);
    if (!TIFFIsCODECConfigured(compression))
        throw FileError(name, "TIFF with compression " + std::to_string(compression) +
                                  ", which libtiff does not have here");
    switch (t.photometric) {
        case PHOTOMETRIC_MINISWHITE:
        case PHOTOMETRIC_MINISBLACK:
            break;
        case PHOTOMETRIC_PALETTE:
            if (!TIFFGetField(tiff, TIFFTAG_COLORMAP, &t.palette[0], &t.palette[1], &t.palette[2]))
                throw FileError(name, "TIFF: no palette");
            break;
        case PHOTOMETRIC_YCBCR:
            if (compression != COMPRESSION_JPEG)
                throw FileError(name, "TIFF: YCbCr colours are read only where JPEG-compressed");
            TIFFSetField(tiff, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
            [[fallthrough]];
        case PHOTOMETRIC_RGB:
            t.colours = 3;
            break;
        default:
            throw FileError(name, "TIFF with photometric interpretation " + std::to_string(t.photometric) +
                                      " (CMYK, Lab, ...), expected grey, RGB or a palette");
    }
    require_samples(t, name);
    if (t.samples < t.colours)
        throw FileError(name, "TIFF: " + std::to_string(t.samples) + " samples a pixel, expected " +
                                  std::to_string(t.colours));
    std::uint16_t extra = 0;
    const std::uint16_t* kinds = nullptr;
    if (!t.has_palette() && t.samples > t.colours &&
        TIFFGetField(tiff, TIFFTAG_EXTRASAMPLES, &extra, &kinds) && extra > 0) {
        t.premultiplied = kinds[0] == EXTRASAMPLE_ASSOCALPHA;
        t.has_opacity = t.premultiplied || kinds[0] == EXTRASAMPLE_UNASSALPHA;
    }
    return t;
}

/// Number `i` of a row of samples, of any width.
double sample_at(const std::uint8_t* row, std::size_t i, const Layout& t) {
    const auto as = [&](auto value) {
        std::memcpy(&value, row + i * sizeof value, sizeof value);
        return static_cast<double>(value);
    };
    if (t.sample_format == SAMPLEFORMAT_IEEEFP) return t.bits == 32 ? as(float{}) : as(double{});
    if (t.sample_format == SAMPLEFORMAT_INT)
        return t.bits == 8 ? as(std::int8_t{}) : t.bits == 16 ? as(std::int16_t{}) : as(std::int32_t{});
    if (t.bits == 8) return row[i];
    if (t.bits == 16) return as(std::uint16_t{});
    if (t.bits == 32) return as(std::uint32_t{});
    unsigned value = 0;  // packed, the most significant bit first
    for (std::size_t bit = i * static_cast<std::size_t>(t.bits), end = bit + static_cast<std::size_t>(t.bits);
         bit < end; ++bit)
        value = value << 1 | (row[bit / 8] >> (7 - bit % 8) & 1U);
    return value;
}

/// Takes rows of the file's samples and puts them into the image.
template <class Sample>
class Filler {
  public:
    Filler(const Layout& t, StoredImage& image, const fs::path& name)
        : t_(t), image_(image), target_(std::get<std::vector<Sample>>(image.samples).data()), name_(name) {
        const auto is_wide = [&](const std::uint16_t* channel) {
            return std::any_of(channel, channel + (std::size_t{1} << t.bits), [](auto v) { return v > 255; });
        };
        if (t.has_palette())  // old files hold 8-bit numbers in the 16 bits
            palette_shift_ = std::any_of(t.palette.begin(), t.palette.end(), is_wide) ? 8 : 0;
    }

    /// @param row, left, count  pixels of the image
    /// @param plane  the only sample in `samples`, where each has a plane of its own
    void put(const std::uint8_t* samples, Eigen::Index row, Eigen::Index left, Eigen::Index count,
             int plane) {
        Sample* pixel = target_ + (row * image_.cols + left) * image_.channels;
        const int used = t_.used();
        for (Eigen::Index i = 0; i < count; ++i, pixel += image_.channels) {
            if (t_.planar) {
                put_sample(pixel, plane, sample_at(samples, static_cast<std::size_t>(i), t_), row, left + i);
                continue;
            }
            for (int c = 0; c < used; ++c)
                put_sample(pixel, c, sample_at(samples, static_cast<std::size_t>(i * t_.samples + c), t_),
                           row, left + i);
        }
    }

  private:
    void put_sample(Sample* pixel, int c, double value, Eigen::Index row, Eigen::Index col) {
        if (t_.has_palette()) {
            const auto index = static_cast<std::size_t>(value);
            for (std::size_t k = 0; k < 3; ++k)
                pixel[k] = static_cast<Sample>(t_.palette[k][index] >> palette_shift_);
            return;
        }
        if constexpr (std::is_floating_point_v<Sample>) {
            const auto stored = static_cast<Sample>(value);
            if (!std::isfinite(stored))
                throw FileError(name_, "TIFF: the value at row " + std::to_string(row) + ", column " +
                                           std::to_string(col) + " is " + std::to_string(value) +
                                           ", expected finite numbers");
            pixel[c] = stored;
        } else if (t_.bits < 8) {
            pixel[c] = static_cast<Sample>(std::lround(value * 255 / ((1 << t_.bits) - 1)));
        } else {
            pixel[c] = static_cast<Sample>(value);
        }
    }

    const Layout& t_;
    StoredImage& image_;
    Sample* target_;
    const fs::path& name_;
    int palette_shift_ = 0;
};

/// Bytes of a row of so many pixels.
std::uint64_t row_bytes(const Layout& t, Eigen::Index cols) {
    const int samples = t.planar ? 1 : t.samples;
    return (static_cast<std::uint64_t>(cols) * static_cast<std::uint64_t>(samples * t.bits) + 7) / 8;
}

/// A buffer for what libtiff decodes at once. @throws FileError  larger than an honest file needs
Bytes decode_buffer(std::uint64_t size, const fs::path& name) {
    constexpr std::uint64_t largest = std::uint64_t{1} << 28;
    if (size == 0 || size > largest)
        throw FileError(name, "TIFF: rows or tiles of " + std::to_string(size) + " bytes, expected at most " +
                                  std::to_string(largest));
    return Bytes(size);
}

/// Planes that are needed: one, unless each sample has its own.
int planes_of(const Layout& t) {
    return t.planar ? t.used() : 1;
}

template <class Put, class Fail>
void read_rows(TIFF* tiff, const Layout& t, const fs::path& name, const Put& put, const Fail& fail) {
    Bytes buffer = decode_buffer(TIFFScanlineSize64(tiff), name);
    if (buffer.size() < row_bytes(t, t.cols)) throw FileError(name, "TIFF: impossible size of rows");
    for (int plane = 0; plane < planes_of(t); ++plane)
        for (Eigen::Index row = 0; row < t.rows; ++row) {
            if (TIFFReadScanline(tiff, buffer.data(), static_cast<std::uint32_t>(row),
                                 static_cast<std::uint16_t>(plane)) != 1)
                fail();
            put(buffer.data(), row, Eigen::Index{0}, t.cols, plane);
        }
}

template <class Put, class Fail>
void read_tiles(TIFF* tiff, const Layout& t, const fs::path& name, const Put& put, const Fail& fail) {
    const Eigen::Index height = tag<std::uint32_t>(tiff, TIFFTAG_TILELENGTH, 0),
                       width = tag<std::uint32_t>(tiff, TIFFTAG_TILEWIDTH, 0);
    Bytes buffer = decode_buffer(TIFFTileSize64(tiff), name);
    const auto stride = static_cast<std::size_t>(TIFFTileRowSize64(tiff));
    if (height < 1 || width < 1 || stride < row_bytes(t, width) ||
        stride > buffer.size() / static_cast<std::size_t>(height))
        throw FileError(name, "TIFF: impossible size of tiles");
    const auto size = static_cast<tmsize_t>(buffer.size());
    for (int plane = 0; plane < planes_of(t); ++plane)
        for (Eigen::Index top = 0; top < t.rows; top += height)
            for (Eigen::Index left = 0; left < t.cols; left += width) {
                const std::uint32_t tile =
                    TIFFComputeTile(tiff, static_cast<std::uint32_t>(left), static_cast<std::uint32_t>(top),
                                    0, static_cast<std::uint16_t>(plane));
                if (TIFFReadEncodedTile(tiff, tile, buffer.data(), size) != size) fail();
                for (Eigen::Index row = top; row < std::min(top + height, t.rows); ++row)
                    put(buffer.data() + static_cast<std::size_t>(row - top) * stride, row, left,
                        std::min(width, t.cols - left), plane);
            }
}

/// The row and column where pixel (i, j) of an image of that orientation belongs.
std::pair<Eigen::Index, Eigen::Index> upright(Eigen::Index i, Eigen::Index j, const Layout& t) {
    const Eigen::Index last_row = t.rows - 1 - i, last_col = t.cols - 1 - j;
    switch (t.orientation) {
        case ORIENTATION_TOPRIGHT:
            return {i, last_col};
        case ORIENTATION_BOTRIGHT:
            return {last_row, last_col};
        case ORIENTATION_BOTLEFT:
            return {last_row, j};
        case ORIENTATION_LEFTTOP:
            return {j, i};
        case ORIENTATION_RIGHTTOP:
            return {j, last_row};
        case ORIENTATION_RIGHTBOT:
            return {last_col, last_row};
        case ORIENTATION_LEFTBOT:
            return {last_col, i};
        default:
            return {i, j};
    }
}

void turn_upright(StoredImage& image, const Layout& t) {
    if (t.orientation < ORIENTATION_TOPRIGHT || t.orientation > ORIENTATION_LEFTBOT) return;
    image.turned = true;
    if (t.orientation >= ORIENTATION_LEFTTOP) std::swap(image.rows, image.cols);
    std::visit(
        [&](auto& samples) {
            const auto stored = samples;
            for (Eigen::Index i = 0; i < t.rows; ++i)
                for (Eigen::Index j = 0; j < t.cols; ++j) {
                    const auto [row, col] = upright(i, j, t);
                    std::copy_n(stored.begin() + (i * t.cols + j) * image.channels, image.channels,
                                samples.begin() + (row * image.cols + col) * image.channels);
                }
        },
        image.samples);
}

template <class Sample>
StoredImage read_page(TiffMemory& file, const Layout& t, SampleType type, const fs::path& name,
                      const DecodeLimits& limits) {
    const Eigen::Index channels = t.has_palette() ? 3 : t.used();
    StoredImage image = make_stored<Sample>(ImageFormat::tiff, t.rows, t.cols, channels, type, name, limits);
    Filler<Sample> filler(t, image, name);
    const auto put = [&](const std::uint8_t* samples, Eigen::Index row, Eigen::Index left, Eigen::Index count,
                         int plane) { filler.put(samples, row, left, count, plane); };
    const auto fail = [&] {
        throw FileError(name, "TIFF: " + (file.error().empty() ? "corrupt or truncated data" : file.error()));
    };
    if (TIFFIsTiled(file.get()))
        read_tiles(file.get(), t, name, put, fail);
    else
        read_rows(file.get(), t, name, put, fail);
    if (!file.error().empty()) fail();
    return image;
}

}  // namespace

StoredImage decode_tiff(ByteView bytes, const fs::path& name, const DecodeLimits& limits) {
    TiffMemory file(bytes);
    if (!file.get())
        throw FileError(name, "TIFF: " + (file.error().empty() ? "corrupt header" : file.error()));
    const Layout t = layout_of(file.get(), name);
    require_within(t.rows, t.cols, name, limits);
    SampleType type{SampleKind::whole, std::max(t.bits, 8)};
    if (t.sample_format == SAMPLEFORMAT_INT) type.kind = SampleKind::signed_whole;
    if (t.sample_format == SAMPLEFORMAT_IEEEFP) type.kind = SampleKind::real;
    StoredImage image;
    if (type.kind != SampleKind::whole || type.bits > 16)
        image = read_page<float>(file, t, type, name, limits);
    else if (type.bits > 8)
        image = read_page<std::uint16_t>(file, t, type, name, limits);
    else
        image = read_page<std::uint8_t>(file, t, type, name, limits);
    turn_upright(image, t);
    image.white_is_zero = t.photometric == PHOTOMETRIC_MINISWHITE;
    image.premultiplied = t.premultiplied;
    image.ignored_channels = t.samples - t.used();
    image.has_more_pages = !TIFFLastDirectory(file.get());
    return image;
}

}  // namespace reconlaw::data
