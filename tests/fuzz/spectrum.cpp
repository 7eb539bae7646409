// Lists of eigenvalues.
#include "harness.hpp"
#include "reconlaw/data/spectrum_file.hpp"

namespace reconlaw::fuzz {

void read(data::ByteView bytes) {
    try {
        const Eigen::VectorXd values = data::parse_spectrum(text_of(bytes), "s");
        expect(values.size() >= 1 && values.allFinite() && values.minCoeff() >= 0);
        for (Eigen::Index i = 1; i < values.size(); ++i) expect(values(i) <= values(i - 1));
    } catch (const data::FileError&) {
    }
}

std::vector<data::Bytes> seeds() {
    return {bytes_of("# comment\n1.5\n0.25 # more\n\n1e-300\n"), bytes_of("0\r\n 7\t\n"),
            bytes_of("1e308\n0x1\n-1\n")};
}

}  // namespace reconlaw::fuzz
