// IDX arrays, plain and gzip.
#include "reconlaw/data/idx.hpp"

#include "data/encoders.hpp"
#include "harness.hpp"

namespace reconlaw::fuzz {

void read(data::ByteView bytes) {
    try {
        const data::IdxArray array = data::parse_idx(bytes, "i");
        Eigen::Index size = 1;
        for (const Eigen::Index s : array.shape) expect(s >= 1), size *= s;
        expect(static_cast<Eigen::Index>(array.values.size()) == size);
    } catch (const data::FileError&) {
    }
    try {
        const data::Bytes content = data::gunzip(bytes, "i.gz", 1 << 20);
        expect(content.size() <= 1 << 20);
    } catch (const data::FileError&) {
    }
}

std::vector<data::Bytes> seeds() {
    const data::Bytes labels{0, 0, 8, 1, 0, 0, 0, 2, 7, 9};
    const data::Bytes images{0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 2, 1, 2, 3, 4};
    return {labels, images, data::testing::gzip(images)};
}

}  // namespace reconlaw::fuzz
