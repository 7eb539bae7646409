// Images of every format.
#include "reconlaw/data/image.hpp"

#include "data/encoders.hpp"
#include "harness.hpp"

namespace reconlaw::fuzz {

void read(data::ByteView bytes) {
    try {
        const data::Image image = data::decode_image(bytes, "i", {4096, 1 << 18});
        expect(image.rows() >= 1 && image.cols() >= 1 && image.size() <= 1 << 18);
        expect((image >= 0.f && image <= 1.f).all());
    } catch (const data::FileError&) {
    }
}

std::vector<data::Bytes> seeds() {
    using namespace data::testing;
    const data::Bytes grey = test_pixels(6, 9, 1), rgb = test_pixels(6, 9, 3), rgba = test_pixels(6, 9, 4);
    return {encode_jpeg(grey, 6, 9, 1),
            encode_jpeg(rgb, 6, 9, 3, Scans::progressive),
            encode_jpeg(rgb, 6, 9, 3, Scans::separate),
            encode_jpeg(rgba, 6, 9, 4),
            encode_any_png(grey, 6, 9, 8, PNG_COLOR_TYPE_GRAY, true),
            encode_any_png(rgba, 6, 9, 16, PNG_COLOR_TYPE_GRAY_ALPHA),
            encode_any_png(rgb, 6, 9, 2, PNG_COLOR_TYPE_PALETTE),
            encode_any_png(rgb, 6, 9, 8, PNG_COLOR_TYPE_RGB),
            encode_webp(rgb, 6, 9, 3, false),
            encode_webp(rgba, 6, 9, 4, true)};
}

}  // namespace reconlaw::fuzz
