// Studies in TOML.
#include "harness.hpp"
#include "toml_file.hpp"

namespace reconlaw::fuzz {

void read(data::ByteView bytes) {
    try {
        const cli::TrainingStudy study = cli::parse_study(std::string(text_of(bytes)), "study.toml");
        expect(!study.samples.empty() && !study.channels.empty() && !study.seeds.empty());
        for (const std::int64_t samples : study.samples) expect(samples >= 1);
        for (const int channels : study.channels) expect(channels >= 1);
        // what has been read can be written, and is then the same
        const std::string text = cli::settings_toml(study.common);
        expect(cli::settings_toml(cli::parse_study(text, "again.toml").common) == text);
    } catch (const data::FileError&) {
    }
}

std::vector<data::Bytes> seeds() {
    return {
        bytes_of(
            "data = \"photographs\"\npatch = 32\nsamples = [30, 100]\nchannels = [8, 16]\nseed = [1, 2]\n"),
        bytes_of("noise = 25.5\naugment = true\nlr = 1e-3\nrecipe = 'paper'\nepochs = 2\n"),
        bytes_of(cli::settings_toml({})),
        bytes_of("a.b.c = [[{x = 1}], 1979-05-27T07:32:00Z]\n[t]\n[[u]]\n")};
}

}  // namespace reconlaw::fuzz
