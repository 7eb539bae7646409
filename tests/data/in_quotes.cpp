#include "reconlaw/data/in_quotes.hpp"

#include <doctest/doctest.h>

#include <string>

using reconlaw::data::in_quotes;
using reconlaw::data::printable;

TEST_CASE("text in messages keeps letters of any language and nothing that a terminal obeys") {
    CHECK(in_quotes("loss") == "'loss'");
    CHECK(in_quotes("Verlust gr\xc3\xb6\xc3\x9f"
                    "er \xe2\x82\xac \xf0\x9f\x98\x80") ==
          "'Verlust gr\xc3\xb6\xc3\x9f"
          "er \xe2\x82\xac \xf0\x9f\x98\x80'");
    CHECK(in_quotes("a\nb\tc\rd") == "'a\\nb\\tc\\rd'");
    CHECK(in_quotes(std::string_view("\x1b[31m\0\x7f", 7)) == "'\\x1b[31m\\x00\\x7f'");
    for (const char* bad : {"\xff", "\xc0\xaf", "\xed\xa0\x80", "\xf5\x80\x80\x80", "\xe2\x82", "\xc2\x9b"})
        CHECK(in_quotes(bad).substr(0, 3) == "'\\x");
    for (int c = 0; c < 256; ++c) {
        const std::string shown = printable(std::string(1, static_cast<char>(c)));
        for (const char s : shown) CHECK(static_cast<unsigned char>(s) >= 0x20);
    }
}

TEST_CASE("long text in messages is cut, short text is not") {
    CHECK(in_quotes(std::string(60, 'x')) == "'" + std::string(60, 'x') + "'");
    CHECK(in_quotes(std::string(61, 'x')) == "'" + std::string(60, 'x') + "...'");
    CHECK(in_quotes(std::string(2'000'000, '\x1b')).size() < 300);
    CHECK(printable(std::string(100, 'x')) == std::string(100, 'x'));
}
