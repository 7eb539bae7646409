#include "range_option.hpp"

#include <cmath>
#include <stdexcept>

#include "numbers.hpp"
#include "reconlaw/data/in_quotes.hpp"

namespace reconlaw::cli {

data::RangeRequest parse_range(const std::string& text, const std::string& name) {
    using Kind = data::RangeRequest::Kind;
    if (const std::size_t colon = text.find(':'); colon != std::string::npos) {
        const double low = parse_number(std::string_view(text).substr(0, colon), name + ", LOW",
                                        Interval::all()),
                     high = parse_number(std::string_view(text).substr(colon + 1), name + ", HIGH",
                                         Interval::all());
        if (!(low < high))
            throw std::invalid_argument(name + ": " + data::in_quotes(text) + ": LOW must be below HIGH");
        return {Kind::given, {low, high}};
    }
    if (text == "auto") return {};
    if (text == "type") return {Kind::type};
    if (text == "data") return {Kind::data};
    constexpr int most_bits = 32;
    try {
        return {Kind::given,
                {0, std::ldexp(1.0, static_cast<int>(parse_whole(text, name, 1, most_bits))) - 1}};
    } catch (const std::invalid_argument&) {
        throw std::invalid_argument(
            name + ": " + data::in_quotes(text) +
            " is unknown, must be auto, type, data, a number of bits from 1 to 32, or "
            "LOW:HIGH in the file's numbers (such as 0:4095)");
    }
}

data::RangeRequest set_range(const std::string& text, const std::string& name) {
    const data::RangeRequest range = parse_range(text, name);
    if (range.kind == data::RangeRequest::Kind::data)
        throw std::invalid_argument(name +
                                    ": 'data' differs from image to image, must be auto, type, a number "
                                    "of bits or LOW:HIGH");
    return range;
}

CLI::Option* add_range(CLI::App& app, data::RangeRequest& target, const std::string& description) {
    CLI::Option* option =
        detail_options::add(app, "--range", description, "auto|type|data|BITS|LOW:HIGH",
                            [&target](const std::string& text) { target = parse_range(text, "--range"); });
    return option->default_str("auto");
}

CLI::Option* add_set_range(CLI::App& app, data::RangeRequest& target) {
    CLI::Option* option = detail_options::add(
        app, "--range",
        "Black and white in the numbers of a folder's files, as the training had it: auto (all numbers of "
        "their type, or sBIT's), type, a number of bits, or LOW:HIGH",
        "auto|type|BITS|LOW:HIGH",
        [&target](const std::string& text) { target = set_range(text, "--range"); });
    return option->default_str("auto");
}

}  // namespace reconlaw::cli
