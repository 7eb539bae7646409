#include "results_table.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <iostream>
#include <sstream>

#include "column_names.hpp"
#include "command_line.hpp"
#include "fit_input.hpp"
#include "reconlaw/data/file_error.hpp"
#include "support/temporary_directory.hpp"

namespace results_table_test {

using reconlaw::cli::ResultColumns;
using reconlaw::cli::Results;
using reconlaw::data::testing::TemporaryDirectory;
using reconlaw::data::testing::write_text;

const std::vector<double> sizes{150, 400, 1200, 2500, 9000, 31000};
const std::vector<std::string> losses{"0.4125", "0.3007", "0.2318", "0.1950", "0.1562", "0.1391"};

/// The table, with a line made of size and loss by `line`.
std::string dialect(const std::string& header,
                    const std::function<std::string(std::string, std::string)>& line) {
    std::string text = header + "\n";
    for (std::size_t i = 0; i < sizes.size(); ++i)
        text += line(std::to_string(static_cast<long>(sizes[i])), losses[i]) + "\n";
    return text;
}

std::string plain() {
    return dialect("samples,loss", [](auto n, auto l) { return n + "," + l; });
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
    for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
        text.replace(at, from.size(), to);
    return text;
}

std::string utf16(const std::string& ascii) {
    std::string text = "\xFF\xFE";
    for (const char c : ascii) (text += c) += '\0';
    return text;
}

struct WantedOutcome {
    Results results;
    std::string error;
};

WantedOutcome read(const std::string& text, ResultColumns columns = {}, bool with_network = false) {
    columns.with_network = with_network;
    try {
        reconlaw::data::CsvOptions options;
        options.skip_ragged_rows = columns.skip_bad_rows;
        return {reconlaw::cli::read_results(reconlaw::data::parse_csv(text, "FILE", options), columns), ""};
    } catch (const std::exception& e) {
        return {{}, e.what()};
    }
}

std::string notes_of(const Results& results) {
    std::string notes;
    for (const std::string& note : results.notes) notes += note + "\n";
    return notes;
}

}  // namespace results_table_test

using namespace results_table_test;

TEST_CASE("results tables: dialects of one table that are read, and what is said of them") {
    struct Case {
        const char* name;
        std::string text;
        const char* note;  ///< words in the notes; empty: no note at all
    };
    const auto p = plain();
    const std::vector<Case> cases{
        {"plain", p, ""},
        {"quoted",
         dialect("\"samples\",\"loss\"", [](auto n, auto l) { return "\"" + n + "\",\"" + l + "\""; }), ""},
        {"blanks around fields",
         dialect(" samples , loss ", [](auto n, auto l) { return " " + n + " , " + l + " "; }), ""},
        {"blank lines", replaced(p, "\n", "\n\n"), ""},
        {"no line end at the end", p.substr(0, p.size() - 1), ""},
        {"byte-order mark", "\xEF\xBB\xBF" + p, ""},
        {"carriage returns and line feeds", replaced(p, "\n", "\r\n"), ""},
        {"carriage returns only", replaced(p, "\n", "\r"), ""},
        {"UTF-16", utf16(p), "the file is UTF-16"},
        {"comments", "# made in May\n" + replaced(p, "1200", "# half\n1200") + "# end\n", ""},
        {"semicolons", replaced(p, ",", ";"), "columns are separated by semicolons"},
        {"semicolons and decimal commas", replaced(replaced(p, ",", ";"), ".", ","),
         "decimal commas in 'loss'"},
        {"tabs", replaced(p, ",", "\t"), "columns are separated by tabs"},
        {"bars", replaced(p, ",", "|"), "columns are separated by vertical bars"},
        {"blanks", replaced(p, ",", "   "), "columns are separated by blanks"},
        {"sep=,", "sep=,\n" + p, ""},
        {"sep=; with commas in names",
         "sep=;\n" + dialect("samples;a,b,c;loss", [](auto n, auto l) { return n + ";1,2,3;" + l; }),
         "columns are separated by semicolons"},
        {"header in a comment", "# " + p, "the comment in line 1 is taken as the header"},
        {"upper case", replaced(replaced(p, "samples", "Samples"), "loss", "LOSS"),
         "column 'Samples' is taken for the training sizes"},
        {"scientific", dialect("samples,loss", [](auto n, auto l) { return n + "e0," + l + "E+00"; }), ""},
        {"leading signs", dialect("samples,loss", [](auto n, auto l) { return "+" + n + ",+" + l; }), ""},
        {"no-break spaces around numbers",
         dialect("samples,loss", [](auto n, auto l) { return "\u00a0" + n + "," + l + "\u202f"; }), ""},
        {"index of pandas", dialect(",samples,loss", [](auto n, auto l) { return n + "," + n + "," + l; }),
         ""},
        {"two columns without a name",
         dialect(",samples,,loss", [](auto n, auto l) { return "a," + n + ",b," + l; }), ""},
        {"trailing commas", replaced(p, "\n", ",\n"), ""},
        {"trailing commas below the header", replaced(p, "\n", ",\n").replace(12, 1, ""), ""},
        {"rows of empty fields", p + ",\n,\n", ""},
        {"a name twice, not used",
         dialect("samples,loss,x,x", [](auto n, auto l) { return n + "," + l + ",1,2"; }), ""},
        {"dates and text",
         dialect("samples,date,note,loss",
                 [](auto n, auto l) { return n + ",2024-05-01 10:00,\"a, \"\"b\"\"\"," + l; }),
         ""},
        {"quoted line ends",
         dialect("samples,note,loss", [](auto n, auto l) { return n + ",\"two\nlines\"," + l; }), ""},
        {"quoted separators",
         dialect("samples;note;loss", [](auto n, auto l) { return n + ";\"a;b;c\";" + l; }), "semicolons"},
        {"empty unused fields",
         dialect("samples,loss,time", [](auto n, auto l) { return n + "," + l + ","; }), ""},
        {"nan in an unused column",
         dialect("samples,loss,time", [](auto n, auto l) { return n + "," + l + ",nan"; }), ""},
        {"thousands in an unused column",
         dialect("samples,loss,time", [](auto n, auto l) { return n + "," + l + ",\"1,000\""; }), ""},
        {"names of other people", dialect("Train Size,Test Loss", [](auto n, auto l) { return n + "," + l; }),
         "column 'Test Loss' is taken for the losses"},
        {"export of a tracker",
         dialect("\"n_train\",\"run a - test/loss\",\"run a - test/loss__MIN\"",
                 [](auto n, auto l) { return n + "," + l + "," + l; }),
         "'run a - test/loss' is taken for the losses"},
        {"a header twice", p.substr(0, p.find("2500")) + "samples,loss\n" + p.substr(p.find("2500")),
         "1 line that repeats the header was skipped"},
        {"row names of R",
         dialect("\"samples\",\"loss\"", [](auto n, auto l) { return "\"run " + n + "\"," + n + "," + l; }),
         "the first is taken as the name of the row"}};
    for (const Case& c : cases)
        for (const bool with_network : {false, true}) {
            CAPTURE(c.name);
            const auto [results, error] = read(c.text, {}, with_network);
            CHECK(error == "");
            CHECK(results.size == sizes);
            REQUIRE(results.loss.size() == losses.size());
            for (std::size_t i = 0; i < losses.size(); ++i) CHECK(results.loss[i] == std::stod(losses[i]));
            const std::string notes = notes_of(results);
            INFO(notes);
            CHECK(notes.empty() == (*c.note == '\0'));
            CHECK(notes.find(c.note) != std::string::npos);
        }
}

TEST_CASE("results tables: what is refused, and with which words") {
    const auto p = plain();
    const auto with_row = [&](const std::string& row) { return p + row + "\n"; };  // line 8
    const std::vector<std::pair<std::string, std::string>> cases{
        {with_row("50000,nan"),
         "FILE:8: column 'loss': 'nan' is not a finite number (--skip-bad-rows leaves such rows out)"},
        {with_row("50000,NaN"), "'NaN' is not a finite number (--skip-bad-rows"},
        {with_row("50000,inf"), "'inf' is not a finite number (--skip-bad-rows"},
        {with_row("50000,"), "FILE:8: column 'loss': the field is empty (--skip-bad-rows"},
        {with_row("50000,1e999"), "'1e999' is not a finite number: above 1.8e308"},
        {with_row("50000,OOM"), "'OOM' is not a finite number (--skip-bad-rows"},
        {with_row("50000"), "FILE:8: 1 field, the header has 2"},
        {with_row("50000,0.1,7"), "FILE:8: 3 fields, the header has 2"},
        {with_row("50,000,0.1"), "'50,000' seems to be a number with a thousands separator, write 50000"},
        {with_row("\"50,000\",0.1"), "FILE:8: column 'samples': '50,000' has a thousands separator"},
        {with_row("50\u00a0000,0.1"), "has a thousands separator: write 50000"},
        {with_row("50'000,0.1"), "has a thousands separator: write 50000"},
        {with_row("50k,0.1"), "'50k' ends in 'k': write the number in full"},
        {with_row("0xC350,0.1"), "'0xC350' is hexadecimal"},
        {with_row("50000,13.9%"), "'13.9%' is a percentage: divide by 100"},
        {with_row("50000,0.13 \u00b1 0.01"),
         "holds a number and its error: give the error a column of its own"},
        {with_row("50000,0.13 +- 0.01"), "holds a number and its error"},
        {with_row("50000,13e-322"), "'13e-322' is below 2.2e-308"},
        {with_row("0,0.9"), "FILE:8: column 'samples': 0, must be above 0 (laws have no value without data"},
        {with_row("-5,0.9"), "FILE:8: column 'samples': -5, must be above 0"},
        {with_row("50000,-0.01"), "FILE:8: column 'loss': -0.01, a loss must be above 0"},
        {with_row("50000,\u22120.01"), "FILE:8: column 'loss': -0.01, a loss must be above 0"},
        {with_row("50000,0"), "FILE:8: column 'loss': 0, a loss must be above 0"},
        {with_row("50000,\"0.1"), "FILE:8: a quote is not closed"},
        {replaced(p, "samples,loss\n", ""),
         "the first line holds numbers (150, 0.4125), so the header seems to be missing"},
        {dialect("samples,loss,loss", [](auto n, auto l) { return n + "," + l + "," + l; }),
         "the name 'loss' stands above columns 2 and 3"},
        {"samples,loss\n", "no rows after the header"},
        {"", "empty: expected a header line"},
        {"[{\"samples\": 150, \"loss\": 0.4}]", "this is no table but JSON"},
        {"{\"samples\": 150}\n{\"samples\": 400}\n", "lines=True"},
        {dialect("Wall time,Step,Value", [](auto n, auto l) { return "3," + n + "," + l; }),
         "'Step' counts the steps of a training"},
        {dialect("n,num_samples,loss", [](auto n, auto l) { return n + "," + n + "," + l; }),
         "several columns may be the training sizes: 'n', 'num_samples'; choose one by --x"},
        {dialect("samples,val_loss,test_loss", [](auto n, auto l) { return n + "," + l + "," + l; }),
         "several columns may be the losses: 'val_loss', 'test_loss'; choose one by --y"},
        {dialect("samples,train_loss", [](auto n, auto l) { return n + "," + l; }),
         "no column 'loss', nor another that is named like losses; the file has: samples, train_loss; choose "
         "one by --y"}};
    for (const auto& [text, words] : cases)
        for (const bool with_network : {false, true}) {
            CAPTURE(text);
            const std::string error = read(text, {}, with_network).error;
            INFO(error);
            CHECK(error.find(words) != std::string::npos);
        }
}

TEST_CASE("results tables: --skip-bad-rows leaves out what was not recorded, and nothing else") {
    ResultColumns skip;
    skip.skip_bad_rows = true;
    const std::string bad =
        "50000,nan\n50001,\ninf,0.1\n50002,OOM\n50003\n50004,0.1,7\n50005,1e999\n50006,--\n";
    const auto [results, error] = read(plain() + bad, skip);
    CHECK(error == "");
    CHECK(results.size == sizes);
    const std::string notes = notes_of(results);
    INFO(notes);
    CHECK(notes.find("8 rows were left out: line 8, column 'loss': 'nan' is not a finite number; line 9, "
                     "column 'loss': the field "
                     "is empty; line 10, column 'samples': 'inf'") == 0);
    CHECK(notes.find("; also lines 13, 14, 15") != std::string::npos);
    for (const char* row :
         {"\"50,000\",0.1", "50,000,0.1", "50k,0.1", "50000,10 %", "50000,0.1+-0.01", "50000,-1", "0,1"}) {
        CAPTURE(row);
        CHECK(read(plain() + row + "\n", skip).error.find("FILE:8: ") == 0);
    }
    CHECK(read("samples,loss\n1,nan\n2,\n", skip).error.find("no row is left: 2 rows were left out") !=
          std::string::npos);
}

TEST_CASE("results tables: usual names, whatever their case, and what is never guessed") {
    using namespace reconlaw::cli;
    for (const char* name :
         {"samples", "N", "n_train", "N_train", "num_samples", "Num Samples", "train_size", "training_size",
          "Training Set Size", "dataset_size", "n-samples", "num_train_images", "Seen Examples",
          "training samples", "#patches", "train_examples", "sample_size"})
        CHECK_MESSAGE(is_size_name(name), name);
    for (const char* name : {"", "loss", "step", "epoch", "seed", "noise", "network", "name", "nan", "image",
                             "size", "test_samples_psnr"})
        CHECK_FALSE_MESSAGE(is_size_name(name), name);
    for (const char* name : {"loss", "Val Loss", "test_loss", "mse", "psnr", "PSNR (dB)", "val_psnr",
                             "psnr_db", "ssim", "ssim_mean", "accuracy", "acc", "test_acc", "r2", "R^2",
                             "R2 score", "validation_psnr_db", "eval/loss", "test_error"})
        CHECK_MESSAGE(is_loss_name(name), name);
    for (const char* name : {"train_loss", "loss_error", "psnr_std", "noisy_psnr_db", "error", "lossless",
                             "loss__MIN", "samples", "test", "r"})
        CHECK_FALSE_MESSAGE(is_loss_name(name), name);
    using reconlaw::fit::Metric;
    CHECK(metric_in_name("val_psnr") == Metric::psnr);
    CHECK(metric_in_name("ssim_mean") == Metric::ssim);
    CHECK(metric_in_name("Top-1 acc") == Metric::accuracy);
    CHECK(metric_in_name("R^2") == Metric::r2);
    CHECK_FALSE(metric_in_name("ssim_loss").has_value());
    CHECK_FALSE(metric_in_name("1-ssim").has_value());
    CHECK_FALSE(metric_in_name("loss").has_value());
}

TEST_CASE("results tables: metrics, their ranges, and hints where a column looks like another") {
    const auto of = [](const std::string& y, const std::vector<const char*>& values) {
        std::string text = "samples," + y + "\n";
        for (std::size_t i = 0; i < values.size(); ++i)
            text += std::to_string(100 << i) + "," + values[i] + "\n";
        return read(text);
    };
    CHECK(of("acc", {"0.6", "0.7", "0.75"}).results.loss[1] == 1 - 0.7);
    CHECK(of("r2", {"-0.5", "0.7", "0.75"}).results.loss[0] == 1.5);
    CHECK(of("val_psnr", {"20", "30"}).results.loss[1] == doctest::Approx(1e-3).epsilon(1e-12));
    CHECK(of("acc", {"60.1", "70"}).error ==
          "FILE:2: column 'acc': 60.1 is not an accuracy from 0 to below 1; if it is in per cent, divide by "
          "100");
    CHECK(of("acc", {"0.6", "1"}).error.find("FILE:3: column 'acc': 1 is not an accuracy") == 0);
    CHECK(of("r2", {"0.6", "1"}).error.find("is not a coefficient of determination (below 1)") !=
          std::string::npos);
    CHECK(of("ssim", {"0.6", "1.2"}).error.find("1.2 is not an SSIM") != std::string::npos);
    CHECK(of("psnr", {"25", "0.003"}).error ==
          "FILE:3: column 'psnr': 0.003 dB, and others reach 25 dB: mixed units?");
    CHECK(of("loss", {"0.001", "31.5"}).error.find("mixed units?") != std::string::npos);
    CHECK(of("loss", {"0.6", "0.7", "0.8"}).results.hint.find("--metric accuracy, ssim or r2") !=
          std::string::npos);
    CHECK(of("loss", {"21", "25", "27"}).results.hint.find("--metric psnr") != std::string::npos);
    CHECK(of("loss", {"61", "75", "87"}).results.hint.find("per cent") != std::string::npos);
    CHECK(of("loss", {"-0.2", "0.5"}).error.find("--metric r2") != std::string::npos);
    CHECK(of("loss", {"-10", "-20"}).error.find("minus a PSNR") != std::string::npos);
    CHECK(of("loss", {"0.8", "0.5"}).results.hint.empty());
}

TEST_CASE(
    "results tables: magnitudes that arithmetic on them would leave are refused, tiny and huge units are "
    "read") {
    ResultColumns mse;
    mse.metric = "mse";
    for (const char* row : {"1e304,1e-304", "1e-304,1e304"})
        CHECK(read("samples,loss\n" + std::string(row) + "\n", mse).error == "");
    CHECK(read("samples,loss\n1,0.5\n1e306,0.4\n").error ==
          "FILE:3: column 'samples': 1e+306, must be from 1e-305 to 1e+305: use another unit");
    CHECK(read("samples,loss\n1,0.5\n2,1e-307\n").error.find("column 'loss': 1e-307, must be from") !=
          std::string::npos);
    const std::string joint = "samples,channels,loss\n1,1,0.5\n1e200,1e200,0.4\n";
    CHECK(read(joint, {}, true).error.find("column 'samples': 1e+200, must be from 1e-150 to 1e+150") !=
          std::string::npos);
    CHECK(read(joint).error == "");
}

TEST_CASE("results tables: --where compares numbers as numbers and lists the nearest values first") {
    const std::string text =
        "samples,loss,width,a=b,kind\n100,0.5,16,x,early\n200,0.4,16.0,x,late\n100,0.6,32,y,early\n";
    ResultColumns columns;
    columns.where = {"width=16"};
    CHECK(read(text, columns).results.size == std::vector<double>{100, 200});
    columns.where = {" width = 1.6e1 ", "kind=late"};
    CHECK(read(text, columns).results.size == std::vector<double>{200});
    columns.where = {"a=b=y"};
    CHECK(read(text, columns).results.size == std::vector<double>{100});
    columns.where = {"kind=lat"};
    CHECK(read(text, columns).error == "--where: no row has 'kind=lat'; 'kind' is one of 'late', 'early'");
    columns.where = {"kin=late"};
    CHECK(read(text, columns).error.find("no column 'kin'; the file has: kind, ") != std::string::npos);
    columns.where = {"kind"};
    CHECK(read(text, columns).error == "--where: 'kind' is not COLUMN=VALUE");
}

TEST_CASE("results tables: experiments are told from repeats and from results that differ") {
    const auto mixture = [](const std::string& header,
                            const std::function<std::string(int, int)>& extra) -> std::string {
        std::string text = "samples,loss,seed," + header + "\n";
        for (int i = 0; i < 8; ++i)
            for (int seed = 0; seed < 2; ++seed)
                text += std::to_string(100 << i) + "," + std::to_string(0.5 / (1 + i) + 0.001 * seed) + "," +
                        std::to_string(seed + 2 * i) + "," + extra(i, seed) + "\n";
        try {
            reconlaw::cli::refuse_mixture(read(text).results);
        } catch (const std::invalid_argument& e) {
            return e.what();
        }
        return "";
    };
    CHECK(mixture("estimator", [](int, int s) { return s ? "a" : "b"; }).find("--where estimator=a") !=
          std::string::npos);
    CHECK(mixture("channels", [](int, int s) { return s ? "16" : "32"; }).find("--where channels=16") !=
          std::string::npos);
    CHECK(mixture("best_epoch", [](int i, int s) { return std::to_string(10 + (3 * i + 2 * s) % 7); }) == "");
    CHECK(mixture("date", [](int, int s) { return s ? "2024-05-01" : "2024-05-02"; }) == "");
    CHECK(mixture("", [](int, int s) { return s ? "1" : "0"; }) == "");
    CHECK(mixture("trial", [](int, int s) { return s ? "1" : "0"; }) == "");
    CHECK(mixture("trial", [](int, int s) { return s ? "augmented" : "plain"; }) != "");
}

TEST_CASE("results tables: one training size is an error of fit, and says what is missing") {
    const auto [results, error] = read("samples,loss\n10,1\n10,1.1\n");
    CHECK(error == "");
    CHECK_THROWS_WITH_AS(
        (void)reconlaw::cli::read_curve(results),
        "FILE: one training size only, samples = 10: a curve needs two or more, and a forecast four",
        reconlaw::data::FileError);
}

TEST_CASE("fit, advise: the standard input is read as a file is") {
    const std::string text = plain();
    TemporaryDirectory folder;
    write_text(folder / "t.csv", text);
    for (const std::string command : {"fit %s --laws floor,power --format csv", "advise %s --format json"}) {
        const auto named = reconlaw_run(replaced(command, "%s", (folder / "t.csv").string()));
        std::istringstream input(text);
        std::streambuf* before = std::cin.rdbuf(input.rdbuf());
        const auto piped = reconlaw_run(replaced(command, "%s", "-"));
        std::cin.rdbuf(before);
        CHECK(named.status == 0);
        CHECK(piped.status == 0);
        CHECK(replaced(named.out, (folder / "t.csv").string(), "standard input") == piped.out);
    }
}

TEST_CASE("fit, advise: options are checked before anything is computed") {
    TemporaryDirectory folder;
    const std::string path = (folder / "t.csv").string();
    write_text(path, plain());
    const std::vector<std::pair<std::string, std::string>> cases{
        {"fit FILE --floor nan", "--floor: 'nan' is not a number at least 0"},
        {"fit FILE --level 1.5", "--level: '1.5' is not a number above 0, below 1"},
        {"fit FILE --n 0200", "--n, --sigma, --free-scale and --per-coordinate belong to --theory"},
        {"fit FILE --theory subspace --n 1", "--n: '1' is not a whole number from 2 to"},
        {"fit FILE --theory subspace --n 0x20", "--n: '0x20' is not a whole number"},
        {"fit FILE --theory subspace --n 64 --sigma nan", "--sigma: 'nan' is not a number above 0"},
        {"fit FILE --theory subspace", "--n: the dimension of the signals"},
        {"fit FILE --theory subspaces --n 64",
         "--theory: 'subspaces' is unknown, must be subspace or spectrum; did you mean 'subspace'?"},
        {"fit FILE --robust 1", "--robust: '1' is unknown"},
        {"fit FILE --predict 1e5,,1e6", "--predict: '' is not a number above 0"},
        {"fit FILE --predict 0", "--predict: '0' is not a number above 0, at most 1e+305"},
        {"fit FILE --laws flor", "--laws: 'flor' is unknown, must be all, power, floor"},
        {"fit FILE --laws flor", "did you mean 'floor'?"},
        {"fit FILE --metric acuracy",
         "--metric: 'acuracy' is unknown, must be loss, mse, psnr, ssim, accuracy or r2; did you mean "
         "'accuracy'?"},
        {"fit FILE --output FILE", "--output: 'FILE' is also the path of the results"},
        {"fit FILE --plot a.svg --output a.svg", "--output: 'a.svg' is also the path of --plot"},
        {"fit FILE --output /no/such/folder/x", "--output: "},
        {"fit FILE --plot /no/such/folder/x.svg", "--plot: "},
        {"fit FILE --x sample", "no column 'sample'; the file has: samples, loss"},
        {"fit FILE --x loss --y loss", "column 'loss' is taken for --x and for --y"},
        {"advise FILE --html /no/such/folder/x", "--html: "},
        {"advise FILE --plot /no/such/folder/x.png", "--plot: "},
        {"advise FILE --worth 0", "--worth: '0' is not a number from 1e-06 to 0.999999"},
        {"advise FILE --level nan", "--level: 'nan' is not a number from 0.01 to 0.999"},
        {"advise FILE --network-column widht", "no column 'widht'"}};
    for (const auto& [command, words] : cases) {
        CAPTURE(command);
        const auto r = reconlaw_run(replaced(command, "FILE", path));
        CHECK(r.status == 2);
        CHECK(r.out.empty());
        INFO(r.err);
        CHECK(replaced(r.err, path, "FILE").find(words) != std::string::npos);
    }
    CHECK(reconlaw::data::testing::read_text(path) == plain());
}
