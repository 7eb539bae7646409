#include "reconlaw/data/photographs.hpp"

#include <map>
#include <set>

#include "encoders.hpp"
#include "mutations.hpp"
#include "reconlaw/data/data_file.hpp"
#include "support/check_close.hpp"
#include "support/temporary_directory.hpp"

using namespace reconlaw::data;
using namespace reconlaw::data::testing;

namespace {

const std::string digest(64, 'a');

std::string entry_line(const std::string& package, const std::string& split) {
    return package + "\t/usr/share/" + package + ".jpg\t5\t1000\t200\t100\t2\t" + split + "\t" + digest +
           "\n";
}

std::string parse_error(const std::string& text) {
    return file_error_of([&] { parse_photograph_manifest(text, "m.tsv"); });
}

/// The valid line with one field replaced.
std::string with_field(std::size_t index, const std::string& value) {
    std::string line = entry_line("p", "train"), result;
    line.pop_back();
    std::size_t begin = 0;
    for (std::size_t i = 0; i < 9; ++i) {
        const std::size_t end = std::min(line.find('\t', begin), line.size());
        result += (i ? "\t" : "") + (i == index ? value : line.substr(begin, end - begin));
        begin = end + 1;
    }
    return "# comment\n" + result + "\n";
}

/// A root directory with one container, /c.rcc, that holds a 12 x 20 lossless WebP at byte 30.
struct Installed {
    TemporaryDirectory root;
    Bytes webp = encode_webp(test_pixels(12, 20, 3), 12, 20, 3, true);
    Photograph photograph;

    Installed() {
        photograph = {.package = "some-package",
                      .path = "/c.rcc",
                      .offset = 30,
                      .length = webp.size(),
                      .width = 20,
                      .height = 12,
                      .downsample = 3,
                      .split = Split::test,
                      .sha256 = sha256_hex(webp)};
        write_bytes(root / "c.rcc", container());
    }

    Bytes container() const {
        const auto end = static_cast<std::uint8_t>(30 + webp.size() % 64);  // any offset inside the file
        Bytes bytes = {'q', 'r', 'e', 's', 0, 0, 0, 3, 0, 0, 0, end, 0, 0, 0, 24, 0, 0, 0, end, 0, 0, 0, 0};
        bytes.resize(30);
        bytes.insert(bytes.end(), webp.begin(), webp.end());
        bytes.resize(bytes.size() + 100);
        return bytes;
    }

    std::string load_error() const {
        return file_error_of([&] { load_photograph(photograph, root.path()); });
    }
};

}  // namespace

TEST_CASE("parse_photograph_manifest: fields") {
    const auto entries = parse_photograph_manifest("# head\n\n" + entry_line("p", "val"), "m.tsv");
    REQUIRE(entries.size() == 1);
    const Photograph& p = entries[0];
    CHECK(p.package == "p");
    CHECK(p.path == "/usr/share/p.jpg");
    CHECK(p.offset == 5);
    CHECK(p.length == 1000);
    CHECK(p.width == 200);
    CHECK(p.height == 100);
    CHECK(p.downsample == 2);
    CHECK(p.split == Split::val);
    CHECK(p.sha256 == digest);
}

TEST_CASE("parse_photograph_manifest: every error names file and line") {
    REQUIRE(parse_error(with_field(0, "q")) == "");
    CHECK(contains(parse_error(with_field(0, "")), "m.tsv:2: empty package name"));
    CHECK(contains(parse_error(with_field(1, "x.jpg")), "m.tsv:2: path 'x.jpg', expected an absolute one"));
    CHECK(contains(parse_error(with_field(2, "-1")), "m.tsv:2: offset '-1', expected an integer from 0 to"));
    CHECK(contains(parse_error(with_field(3, "0")), "m.tsv:2: length '0', expected an integer from 1 to"));
    CHECK(contains(parse_error(with_field(3, "99999999999999999999")), "m.tsv:2: length"));
    CHECK(contains(parse_error(with_field(4, "12px")), "m.tsv:2: width '12px'"));
    CHECK(contains(parse_error(with_field(5, "")), "m.tsv:2: height ''"));
    CHECK(contains(parse_error(with_field(6, "101")),
                   "m.tsv:2: downsample '101', expected an integer from 1 to 100"));
    CHECK(contains(parse_error(with_field(7, "dev")),
                   "m.tsv:2: split 'dev', expected train, val, test or ood"));
    CHECK(contains(parse_error(with_field(8, "abc")), "m.tsv:2: sha256 'abc', expected 64 digits"));
    CHECK(contains(parse_error("a\tb\n"), "m.tsv:1: expected 9 tab-separated fields, found 2"));
    CHECK(contains(parse_error("# nothing\n"), "m.tsv: no photographs"));

    const std::string text = with_field(0, "q");
    const auto parse = [](ByteView b) {
        parse_photograph_manifest({reinterpret_cast<const char*>(b.data()), b.size()}, "m");
    };
    CHECK(count_refused_mutations({text.begin(), text.end()}, parse, 3000) > 1000);
}

TEST_CASE("the library's manifest: 309 photographs and 53 of other sources") {
    std::map<Split, int> count;
    std::map<std::string, Split> split_of;
    for (const Photograph& p : read_photograph_manifest()) {
        ++count[p.split];
        CHECK(split_of.emplace(p.sha256, p.split).second);  // no photograph twice
    }
    CHECK(count[Split::train] == 242);
    CHECK(count[Split::val] == 26);
    CHECK(count[Split::test] == 41);
    CHECK(count[Split::ood] == 53);
}

TEST_CASE("photograph_set: missing packages are named, or skipped and reported") {
    const TemporaryDirectory root;
    const auto manifest = parse_photograph_manifest(entry_line("b", "train") + entry_line("here", "train") +
                                                        entry_line("a", "train") + entry_line("b", "train") +
                                                        entry_line("c", "test"),
                                                    "m.tsv");
    std::filesystem::create_directories(root / "usr/share");
    write_text(root / "usr/share/here.jpg", "x");

    const PhotographSet set = photograph_set(manifest, Split::train, MissingPolicy::skip, root.path());
    REQUIRE(set.photographs.size() == 1);
    CHECK(set.photographs[0].package == "here");
    CHECK(set.missing_count == 3);
    CHECK(set.missing_packages == std::vector<std::string>{"a", "b"});
    CHECK(contains(file_error_of([&] {
                       (void)photograph_set(manifest, Split::train, MissingPolicy::error, root.path());
                   }),
                   "3 photographs of split train need these Debian packages: apt install a b"));
    CHECK(photograph_set(manifest, Split::val, MissingPolicy::error, root.path()).photographs.empty());
}

TEST_CASE("load_photograph: from a container, verified, downsampled") {
    const Installed installed;
    const Image image = load_photograph(installed.photograph, installed.root.path());
    const Image expected = box_downsample(decode_image(installed.webp, "x"), 3);
    CHECK(image.rows() == 4);
    CHECK(image.cols() == 6);
    CHECK((image == expected).all());
}

TEST_CASE("load_photograph: what can be wrong") {
    Installed installed;
    SUBCASE("missing") {
        std::filesystem::remove(installed.root / "c.rcc");
        CHECK(contains(installed.load_error(),
                       "install the Debian package some-package (apt install some-package)"));
    }
    SUBCASE("truncated within the photograph") {
        std::filesystem::resize_file(installed.root / "c.rcc", 30 + installed.webp.size() - 1);
        CHECK(contains(installed.load_error(), "the file ends here"));
    }
    SUBCASE("truncated within the header") {
        std::filesystem::resize_file(installed.root / "c.rcc", 10);
        CHECK(contains(installed.load_error(), "truncated?"));
    }
    SUBCASE("empty") {
        std::filesystem::resize_file(installed.root / "c.rcc", 0);
        CHECK(contains(installed.load_error(), "magic 'qres'"));
    }
    SUBCASE("not a container") {
        Bytes bytes = installed.container();
        bytes[0] = 'Q';
        write_bytes(installed.root / "c.rcc", bytes);
        CHECK(contains(installed.load_error(), "at byte 0: not a Qt resource container"));
    }
    SUBCASE("tables beyond the end") {
        Bytes bytes = installed.container();
        bytes[8] = 0x7f;
        write_bytes(installed.root / "c.rcc", bytes);
        CHECK(contains(installed.load_error(),
                       "at byte 8: the container's tree is said to begin at byte 213070"));
    }
    SUBCASE("another content") {
        Bytes bytes = installed.container();
        bytes[40] ^= 1;
        write_bytes(installed.root / "c.rcc", bytes);
        CHECK(contains(installed.load_error(), "at byte 30: "));
        CHECK(contains(installed.load_error(),
                       "expected " + installed.photograph.sha256 + " (corrupt, or another"));
    }
    SUBCASE("another size") {
        installed.photograph.width = 21;
        CHECK(contains(installed.load_error(), "image of 20 x 12 pixels, expected 21 x 12"));
    }
    SUBCASE("no image") {
        installed.photograph.offset = 31;
        installed.photograph.sha256 =
            sha256_hex(ByteView(installed.container()).subspan(31, installed.photograph.length));
        CHECK(contains(installed.load_error(), "not an image"));
    }
}

TEST_CASE("check_rcc survives damage") {
    const Installed installed;
    const TemporaryDirectory directory;
    const auto check = [&](ByteView b) {
        write_bytes(directory / "c.rcc", b.first(std::min<std::size_t>(b.size(), 200)));
        check_rcc(directory / "c.rcc");
    };
    CHECK(count_refused_mutations(installed.container(), check, 300) > 5);
    for (std::size_t length = 0; length < 24; ++length)
        CHECK(file_error_of([&] { check(ByteView(installed.container()).first(length)); }) != "");
}

namespace {

void check_loads(const Photograph& p) {
    INFO(p.path.string());
    const Image image = load_photograph(p);
    CHECK(image.rows() == p.height / p.downsample);
    CHECK(image.cols() == p.width / p.downsample);
    CHECK(image.minCoeff() >= 0.0f);
    CHECK(image.maxCoeff() <= 1.0f);
    CHECK(image.maxCoeff() - image.minCoeff() > 0.3f);  // a photograph, not a grey filler
}

}  // namespace

TEST_CASE("installed photographs: one of each container") {
    if (!std::filesystem::exists("/usr/share/gcompris-qt/rcc")) {
        MESSAGE("SKIPPED: install the Debian package gcompris-qt-data");
        return;
    }
    std::set<std::filesystem::path> seen;
    for (const Photograph& p : read_photograph_manifest())
        if (p.package == "gcompris-qt-data" && seen.insert(p.path).second) check_loads(p);
    CHECK(seen.size() == 7);
}

TEST_CASE("installed photographs: one of each other package") {
    std::set<std::string> loaded, missing;
    for (const Photograph& p : read_photograph_manifest()) {
        if (p.package == "gcompris-qt-data" || loaded.contains(p.package)) continue;
        if (!std::filesystem::exists(p.path)) {
            missing.insert(p.package);
        } else {
            loaded.insert(p.package);
            check_loads(p);
        }
    }
    std::string names;
    for (const std::string& package : missing) names += " " + package;
    if (loaded.empty())
        MESSAGE("SKIPPED: install at least one of the Debian packages", names);
    else if (!missing.empty())
        MESSAGE("not checked, for want of their Debian packages:", names);
}
