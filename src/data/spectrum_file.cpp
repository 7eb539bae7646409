#include "reconlaw/data/spectrum_file.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <vector>

#include "reconlaw/data/atomic_file.hpp"
#include "reconlaw/data/bytes.hpp"
#include "reconlaw/data/file_error.hpp"
#include "reconlaw/data/in_quotes.hpp"
#include "reconlaw/detail/check.hpp"
#include "text_lines.hpp"

namespace reconlaw::data {

Eigen::VectorXd parse_spectrum(std::string_view text, const std::filesystem::path& name) {
    std::vector<double> values;
    for_each_line(text, [&](std::size_t number, std::string_view line) {
        line = trimmed(line.substr(0, line.find('#')));
        if (line.empty()) return;
        const auto fail = [&](const std::string& reason) {
            throw FileError::at_line(name, number, reason + ", found " + in_quotes(line, 40));
        };
        double value = 0;
        const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), value);
        if (error == std::errc::result_out_of_range) fail("expected a number in the range of a double");
        if (error != std::errc() || end != line.data() + line.size()) fail("expected one number");
        if (!std::isfinite(value)) fail("expected a finite eigenvalue");
        if (value < 0) fail("expected an eigenvalue >= 0");
        values.push_back(value);
    });
    if (values.empty()) throw FileError(name, "no eigenvalues, expected one number a line");
    std::sort(values.begin(), values.end(), std::greater<>());
    return Eigen::Map<const Eigen::VectorXd>(values.data(), static_cast<Eigen::Index>(values.size()));
}

Eigen::VectorXd read_spectrum_file(const std::filesystem::path& path) {
    return parse_spectrum(read_text_file(path), path);
}

void write_spectrum_file(const std::filesystem::path& path,
                         const Eigen::Ref<const Eigen::VectorXd>& eigenvalues, std::string_view comment) {
    detail::require(eigenvalues.size() > 0, "write_spectrum_file", "number of eigenvalues",
                    eigenvalues.size(), ">= 1");
    std::string text;
    if (!comment.empty())
        for_each_line(comment,
                      [&](std::size_t, std::string_view line) { text.append("# ").append(line) += '\n'; });
    for (const double value : eigenvalues) {
        detail::require_finite_nonnegative(value, "write_spectrum_file", "eigenvalue");
        char buffer[32];
        const auto end =
            std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific, 16).ptr;
        text.append(buffer, end) += '\n';
    }
    write_file_atomically(path, text, Links::follow);
}

}  // namespace reconlaw::data
