#include "reconlaw/data/image_set.hpp"

#include <algorithm>
#include <set>

#include "encoders.hpp"
#include "mutations.hpp"
#include "support/check_close.hpp"
#include "support/temporary_directory.hpp"

using namespace reconlaw::data;
using namespace reconlaw::data::testing;

namespace {

namespace fs = std::filesystem;

/// A grey PNG of one value, number/255.
void write_grey(const fs::path& path, int number, Eigen::Index rows = 12, Eigen::Index cols = 16) {
    fs::create_directories(path.parent_path());
    write_bytes(path, encode_png(Image::Constant(rows, cols, static_cast<float>(number) / 255.0f)));
}

/// 60 images in three classes, laid out like one split of ImageNet.
void write_classes(const fs::path& folder) {
    for (int k = 0; k < 60; ++k)
        write_grey(folder / ("n0" + std::to_string(k % 3)) / ("image_" + std::to_string(k) + ".png"), k);
}

std::set<std::string> names_of(const ImageSet& set) {
    return {set.names.begin(), set.names.end()};
}

Bytes idx_images_bytes(std::uint8_t count) {
    Bytes bytes = {0, 0, 8, 3, 0, 0, 0, count, 0, 0, 0, 2, 0, 0, 0, 3};
    for (int v = 0; v < 6 * count; ++v) bytes.push_back(static_cast<std::uint8_t>(v));
    return bytes;
}

}  // namespace

TEST_CASE("split_of: by SHA-256 of the key") {
    // SHA-256("abc") begins with ba7816bf: u = 0.728
    CHECK(split_of("abc", 0.1, 0.728) == Split::val);
    CHECK(split_of("abc", 0.1, 0.729) == Split::test);
    CHECK(split_of("abc", 0.1, 0.628) == Split::train);
    CHECK(split_of("abc", 0, 0) == Split::train);
    CHECK(split_of("abc", 1, 0) == Split::val);
    int test = 0, val = 0;
    for (int i = 0; i < 4000; ++i) {
        const Split split = split_of(std::to_string(i), 0.1, 0.15);
        test += split == Split::test;
        val += split == Split::val;
    }
    CHECK(std::abs(test - 600) < 4 * 23);  // standard deviations 23 and 19
    CHECK(std::abs(val - 400) < 4 * 19);
    CHECK_THROWS_AS(split_of("abc", -0.1, 0), std::invalid_argument);
    CHECK_THROWS_AS(split_of("abc", 0.6, 0.5), std::invalid_argument);
}

TEST_CASE("folder_images: splits are disjoint, complete and stable, order by hash, limit is nested") {
    const TemporaryDirectory directory;
    write_classes(directory.path());
    write_text(directory / "README.txt", "no image");
    write_text(directory / ".hidden.png", "no image");
    fs::create_directory(directory / ".cache");
    write_text(directory / ".cache/x.png", "no image");

    const ImageSetOptions options{.val_fraction = 0.2, .test_fraction = 0.3};
    const ImageSet all = folder_images(directory.path(), std::nullopt, options);
    CHECK(all.size() == 60);
    CHECK(all.pixels() == 60 * 12 * 16);
    CHECK(all.skipped.empty());
    std::set<std::string> seen;
    for (const Split split : {Split::train, Split::val, Split::test}) {
        const ImageSet set = folder_images(directory.path(), split, options);
        CHECK(set.size() > 3);
        for (std::size_t i = 0; i < set.names.size(); ++i) {
            CHECK(seen.insert(set.names[i]).second);
            CHECK(split_of(set.names[i], 0.2, 0.3) == split);
            const int k = std::stoi(set.names[i].substr(set.names[i].find('_') + 1));
            CHECK((set.images[i] == static_cast<float>(k) / 255.0f).all());
        }
    }
    CHECK(seen == names_of(all));

    const auto hash = [](const std::string& name) { return sha256_hex(Bytes(name.begin(), name.end())); };
    CHECK(std::is_sorted(all.names.begin(), all.names.end(),
                         [&](const auto& a, const auto& b) { return hash(a) < hash(b); }));
    for (const unsigned threads : {1U, 3U}) {
        ImageSetOptions first = options;
        first.limit = 12;
        first.threads = threads;
        const ImageSet few = folder_images(directory.path(), std::nullopt, first);
        CHECK(std::equal(few.names.begin(), few.names.end(), all.names.begin(), all.names.begin() + 12));
    }

    // A file more moves no other one.
    const auto before = names_of(folder_images(directory.path(), Split::train, options));
    write_grey(directory / "n00/another.png", 3);
    for (const std::string& name : names_of(folder_images(directory.path(), Split::train, options)))
        CHECK((before.contains(name) || name == "n00/another.png"));
}

TEST_CASE("folder_images: folders of splits, as ImageNet has them") {
    const TemporaryDirectory directory;
    for (const char* split : {"train", "val"}) write_classes(directory / split);
    write_grey(directory / "elsewhere.png", 1);
    const auto names = [&](std::optional<Split> split) {
        return names_of(folder_images(directory.path(), split));
    };
    const auto all_below = [](const std::set<std::string>& set, const std::string& folder) {
        return std::all_of(set.begin(), set.end(),
                           [&](const auto& name) { return name.starts_with(folder); });
    };
    CHECK(names(Split::train).size() == 60);
    CHECK(all_below(names(Split::train), "train/"));
    // val's files are divided between val and test, 0.10 to 0.15
    const auto val = names(Split::val), test = names(Split::test);
    CHECK(val.size() + test.size() == 60);
    CHECK(std::abs(static_cast<int>(val.size()) - 24) < 16);  // standard deviation 3.8
    CHECK(all_below(val, "val/"));
    CHECK(all_below(test, "val/"));
    for (const std::string& name : val) CHECK(!test.contains(name));
    CHECK(names(std::nullopt).size() == 121);

    write_grey(directory / "test/n00/x.png", 1);
    CHECK(names(Split::val).size() == 60);
    CHECK(names(Split::test) == std::set<std::string>{"test/n00/x.png"});
}

TEST_CASE("folder_images: every format, downsampling and centre crop") {
    const TemporaryDirectory directory;
    write_bytes(directory / "a.JPEG", encode_jpeg(test_pixels(21, 30, 3), 21, 30, 3));
    write_bytes(directory / "b.webp", encode_webp(test_pixels(13, 17, 3), 13, 17, 3, true));
    write_png(directory / "c.png", read_image(directory / "b.webp"));
    write_bytes(directory / "d.jpg", encode_webp(test_pixels(9, 9, 3), 9, 9, 3, true));  // told by content
    const ImageSet whole = folder_images(directory.path(), std::nullopt);
    REQUIRE(whole.size() == 4);
    const auto number = [](const ImageSet& set, const std::string& name) {
        return static_cast<std::size_t>(std::find(set.names.begin(), set.names.end(), name) -
                                        set.names.begin());
    };
    for (const char* name : {"a.JPEG", "b.webp", "c.png", "d.jpg"})
        CHECK((whole.images.at(number(whole, name)) == read_image(directory / name)).all());

    const ImageSet cropped = folder_images(directory.path(), std::nullopt, {.downsample = 2, .crop_px = 6});
    CHECK(cropped.size() == 3);
    CHECK(cropped.too_small == 1);  // 9 x 9 becomes 4 x 4
    const Image expected = box_downsample(read_image(directory / "a.JPEG"), 2).block(2, 4, 6, 6);
    CHECK((cropped.images.at(number(cropped, "a.JPEG")) == expected).all());
    CHECK(contains(cropped.summary(), ", every image: 3 images, 108 pixels; 1 too small"));
    CHECK(contains(
        file_error_of([&] { (void)folder_images(directory.path(), std::nullopt, {.crop_px = 256}); }),
        "no usable image (" + directory.path().string() +
            ", every image): 4 found, 4 smaller than asked for (crop of 256 pixels"));
}

TEST_CASE("folder_images: corrupt files are skipped with the reason, or refused") {
    const TemporaryDirectory directory;
    for (int k = 0; k < 8; ++k) write_grey(directory / (std::to_string(k) + ".png"), k);
    Bytes damaged = read_file(directory / "3.png");
    damaged.resize(damaged.size() / 2);
    write_bytes(directory / "3.png", damaged);
    write_text(directory / "empty.jpg", "");
    fs::create_symlink("nowhere.png", directory / "dangling.png");  // no file at all
    const ImageSet set = folder_images(directory.path(), std::nullopt);
    CHECK(set.size() == 7);
    REQUIRE(set.skipped.size() == 2);
    for (const SkippedImage& skipped : set.skipped) {
        CHECK((skipped.name == "3.png" || skipped.name == "empty.jpg"));
        CHECK(contains(skipped.reason, skipped.name + ": "));
    }
    CHECK(contains(set.summary(), "; 2 skipped, the first: " + set.skipped.front().reason));
    // `limit` counts usable images
    CHECK(folder_images(directory.path(), std::nullopt, {.limit = 7}).names == set.names);
    const std::string first = set.skipped.front().reason;
    for (const unsigned threads : {1U, 3U})
        CHECK(file_error_of([&] {
                  (void)folder_images(directory.path(), std::nullopt, {.strict = true, .threads = threads});
              }) == first);
}

TEST_CASE("folder_images: nothing to load, wrong arguments") {
    const TemporaryDirectory directory;
    const auto error = [&](const fs::path& folder) {
        return file_error_of([&] { (void)folder_images(folder, Split::train); });
    };
    CHECK(error(directory.path()) == directory.path().string() + ": no usable image (" +
                                         directory.path().string() + ", split train): 0 found");
    CHECK(contains(error(directory / "none"), "none: cannot list the images: No such file"));
    write_text(directory / "f", "x");
    CHECK(contains(error(directory / "f"), "Not a directory"));
    CHECK_THROWS_AS((void)folder_images(directory.path(), Split::ood), std::invalid_argument);
    CHECK_THROWS_AS((void)folder_images(directory.path(), Split::val, {.downsample = 0}),
                    std::invalid_argument);
    CHECK_THROWS_AS((void)folder_images(directory.path(), Split::val, {.crop_px = -1}),
                    std::invalid_argument);
    CHECK_THROWS_AS((void)folder_images(directory.path(), Split::val, {.limit = -1}), std::invalid_argument);
    CHECK_THROWS_AS((void)folder_images(directory.path(), Split::val, {.val_fraction = 0.9}),
                    std::invalid_argument);
}

TEST_CASE("idx_images: one file, or the folder of the MNIST family") {
    const TemporaryDirectory directory;
    write_bytes(directory / "x", gzip(idx_images_bytes(40)));
    const ImageSet all = idx_images(directory / "x", std::nullopt);
    REQUIRE(all.size() == 40);
    REQUIRE(all.images[3].rows() == 2);
    CHECK(all.names[3] == "3");
    CHECK(all.images[3](1, 2) == static_cast<float>(6 * 3 + 5) / 255.0f);
    Eigen::Index sum = 0;
    for (const Split split : {Split::train, Split::val, Split::test}) {
        const ImageSet set = idx_images(directory / "x", split, {.val_fraction = 0.3, .test_fraction = 0.3});
        for (const std::string& name : set.names) CHECK(split_of(name, 0.3, 0.3) == split);
        sum += set.size();
    }
    CHECK(sum == 40);

    CHECK(contains(file_error_of([&] { (void)idx_images(directory.path(), Split::val); }),
                   "expected the files train-images-idx3-ubyte and t10k-images-idx3-ubyte"));
    write_bytes(directory / "train-images-idx3-ubyte", idx_images_bytes(40));
    write_bytes(directory / "t10k-images-idx3-ubyte.gz", gzip(idx_images_bytes(5)));
    const ImageSet train = idx_images(directory.path(), Split::train, {.val_fraction = 0.3});
    const ImageSet val = idx_images(directory.path(), Split::val, {.val_fraction = 0.3});
    CHECK(train.size() + val.size() == 40);
    CHECK(train.names[0].starts_with("train "));
    CHECK(idx_images(directory.path(), Split::test).size() == 5);
    CHECK(idx_images(directory.path(), std::nullopt, {.limit = 42}).names[41] == "t10k 1");
    CHECK(idx_images(directory.path(), std::nullopt, {.limit = 40}).size() == 40);

    write_bytes(directory / "labels", Bytes{0, 0, 8, 1, 0, 0, 0, 1, 7});
    CHECK(contains(file_error_of([&] { (void)idx_images(directory / "labels", std::nullopt); }),
                   "at byte 3: IDX rank 1, expected 3"));
}

TEST_CASE("load_images: by name") {
    const TemporaryDirectory directory;
    write_classes(directory / "folder");
    write_bytes(directory / "x", idx_images_bytes(40));
    fs::create_directory(directory / "mnist");
    write_bytes(directory / "mnist/train-images-idx3-ubyte.gz", gzip(idx_images_bytes(30)));
    write_bytes(directory / "mnist/t10k-images-idx3-ubyte.gz", gzip(idx_images_bytes(5)));
    const auto load = [&](const std::string& name) { return load_images(directory / name, std::nullopt); };
    CHECK(load("folder").size() == 60);
    CHECK(load("x").size() == 40);
    CHECK(load("mnist").size() == 35);
    CHECK(contains(file_error_of([&] { (void)load("none"); }), "none: no such file or folder; expected"));
    CHECK_THROWS_AS((void)load_images("photographs", std::nullopt), std::invalid_argument);
}

TEST_CASE("photograph_images: a split in order of the checksums, missing and corrupt ones") {
    const TemporaryDirectory root;
    std::vector<Photograph> manifest;
    for (int k = 0; k < 6; ++k) {
        Photograph p;
        p.package = "p" + std::to_string(k % 2);
        p.path = "/images/" + std::to_string(k) + ".png";
        p.width = 16, p.height = 12, p.downsample = 2;
        p.split = k == 5 ? Split::test : Split::train;
        write_grey(root / p.path.relative_path().string(), k);
        const Bytes bytes = read_file(root.path() / p.path.relative_path());
        p.length = bytes.size();
        p.sha256 = sha256_hex(bytes);
        manifest.push_back(p);
    }
    const auto load = [&](const ImageSetOptions& options) {
        return photograph_images(manifest, Split::train, options, root.path());
    };
    const ImageSet set = load({});
    REQUIRE(set.size() == 5);
    CHECK(set.images[0].rows() == 6);
    std::string last;
    for (const std::string& name : set.names) {
        const auto p =
            std::find_if(manifest.begin(), manifest.end(), [&](const auto& q) { return q.path == name; });
        REQUIRE(p != manifest.end());
        CHECK(p->sha256 > last);
        last = p->sha256;
    }
    CHECK(load({.limit = 2}).names == std::vector(set.names.begin(), set.names.begin() + 2));
    CHECK(photograph_images(manifest, Split::test, {}, root.path()).size() == 1);

    fs::remove(root / "images/1.png");
    CHECK(contains(file_error_of([&] { (void)load({}); }), "apt install p1"));
    const ImageSet fewer = load({.missing = MissingPolicy::skip});
    CHECK(fewer.size() == 4);
    CHECK(fewer.missing_count == 1);
    CHECK(fewer.missing_packages == std::vector<std::string>{"p1"});
    CHECK(contains(fewer.summary(), "; 1 in packages that are not installed: p1"));

    write_grey(root / "images/2.png", 77);
    const ImageSet corrupt = load({.missing = MissingPolicy::skip});
    CHECK(corrupt.size() == 3);
    REQUIRE(corrupt.skipped.size() == 1);
    CHECK(contains(corrupt.skipped[0].name, "2.png"));
    CHECK(file_error_of([&] { (void)load({.strict = true, .missing = MissingPolicy::skip}); }) != "");
}

TEST_CASE("installed images: photographs and Fashion-MNIST") {
    std::string missing;
    try {
        const ImageSet val = load_images("photographs", Split::val, {.crop_px = 64, .limit = 3});
        CHECK(val.size() == 3);
        for (const Image& image : val.images) {
            CHECK(image.rows() == 64);
            CHECK(image.minCoeff() >= 0.0f);
            CHECK(image.maxCoeff() <= 1.0f);
        }
    } catch (const FileError& e) {
        if (!contains(e.what(), "apt install")) throw;
        missing = e.what();
    }
    if (fs::exists("/usr/share/datasets/fashion-mnist")) {
        const ImageSet test = load_images("fashion-mnist", Split::test);
        CHECK(test.size() == 10000);
        CHECK(test.images[0].cols() == 28);
    } else {
        missing += " dataset-fashion-mnist";
    }
    if (!missing.empty()) MESSAGE("SKIPPED: install the missing Debian packages: ", missing);
}
