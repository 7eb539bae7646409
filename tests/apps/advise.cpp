#include <doctest/doctest.h>

#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "command_line.hpp"
#include "reconlaw/simulate/random.hpp"
#include "support/check_close.hpp"
#include "support/temporary_directory.hpp"

using namespace reconlaw;
using data::testing::read_text;
using data::testing::TemporaryDirectory;
using data::testing::write_text;

namespace {

double law(double n, double p) {
    return 0.02 + 3 / std::sqrt(n) + 0.3 * std::pow(p, -0.4);
}

/// A table of the law above with 1.5 % noise; `value` makes the last column from the loss.
std::string table(const std::string& header, const auto& value,
                  const std::vector<double>& networks = {16, 32, 64, 128}) {
    std::ostringstream text;
    text.precision(12);
    text << header << '\n';
    std::uint64_t row = 0;
    for (const double p : networks)
        for (const double n : {100, 300, 1000, 3000, 10000}) {
            const double loss = law(n, p) * std::exp(0.015 * normal_value({11, 0, 0}, 0, row++, 0));
            text << n << ',' << p << ',' << value(loss) << '\n';
        }
    return text.str();
}

const auto as_is = [](double loss) { return loss; };

struct Results {
    TemporaryDirectory folder;
    std::string path = (folder / "results.csv").string();
    explicit Results(const std::string& text) { write_text(path, text); }
};

bool mentions(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("reconlaw advise: text for people, JSON with the same numbers, identical reruns") {
    const Results results(table("samples,channels,loss", as_is));
    const auto text = reconlaw_run("advise " + results.path);
    REQUIRE(text.status == 0);
    CHECK(text.err.empty());
    CHECK(mentions(text.out, "20 points; now samples = 10000, channels = 128"));
    CHECK(mentions(text.out, "More data: worth it; 10x the data lowers the loss by 2"));
    CHECK(mentions(text.out, "\n  10x data, 4x network "));
    CHECK(mentions(text.out, "Plateau in channels: "));
    CHECK(text.out == reconlaw_run("advise " + results.path).out);
    CHECK(mentions(reconlaw_run("advise " + results.path + " --level 0.999").out, "99.9 % interval"));
    CHECK(mentions(text.out, "90 % interval"));

    const auto run = reconlaw_run("advise " + results.path + " --format json");
    REQUIRE(run.status == 0);
    const auto json = nlohmann::json::parse(run.out);
    CHECK(json["data"]["verdict"] == "worth it");
    CHECK(json["laws"][0]["law"] == "additive");
    CHECK(json["now"]["network"] == 128);
    for (const auto& gain : json["both"]["gains"]) {
        const double truth =
            law(1e4 * gain["data_factor"].get<double>(), 128 * gain["network_factor"].get<double>()) /
            law(1e4, 128);
        CHECK(gain["loss_ratio"]["lower"].get<double>() <= truth);
        CHECK(gain["loss_ratio"]["upper"].get<double>() >= truth);
    }
    const auto strict = nlohmann::json::parse(
        reconlaw_run("advise " + results.path + " --format json --worth 0.5 --level 0.5").out);
    CHECK(strict["data"]["verdict"] == "not worth it");
    const auto width = [](const auto& j) {
        const auto& ratio = j["data"]["gains"][2]["loss_ratio"];
        return ratio["upper"].template get<double>() - ratio["lower"].template get<double>();
    };
    CHECK(width(strict) < width(json));
}

TEST_CASE("reconlaw advise: PSNR and SSIM are converted, and gains reported in dB") {
    const Results plain(table("samples,parameters,mse", as_is));
    const Results psnr(table("samples,parameters,psnr", [](double mse) { return -10 * std::log10(mse); }));
    const auto json = [](const Results& r, const std::string& rest) {
        const auto run = reconlaw_run("advise " + r.path + " --format json" + rest);
        REQUIRE(run.status == 0);
        return nlohmann::json::parse(run.out);
    };
    const auto a = json(plain, ""), b = json(psnr, "");
    CHECK(a["metric"] == "MSE");
    CHECK(b["metric"] == "PSNR (dB)");
    // the same losses up to the 12 digits printed; the sampler amplifies rounding a little
    const double ratio = a["data"]["gains"][1]["loss_ratio"]["value"];
    check_close(b["data"]["gains"][1]["loss_ratio"]["value"].get<double>(), ratio, 0.005, 0.0);
    check_close(b["data"]["gains"][1]["psnr_gain_db"]["value"].get<double>(), -10 * std::log10(ratio), 0.03,
                0.0);
    CHECK(mentions(reconlaw_run("advise " + psnr.path).out, "10x the data raises the PSNR by "));

    const Results named(table("n,width,quality", [](double loss) { return 1 - loss; }));
    const auto c =
        json(named, " --samples-column n --network-column width --loss-column quality --metric ssim");
    check_close(c["data"]["gains"][1]["loss_ratio"]["value"].get<double>(), ratio, 0.005, 0.0);
}

TEST_CASE("reconlaw advise: one network size, no network column, seeds and costs") {
    const Results one(table("samples,channels,loss", as_is, {64}));
    const auto r = reconlaw_run("advise " + one.path);
    CHECK(r.status == 0);
    CHECK(mentions(r.out,
                   "A larger network: cannot be told from these points; nothing is known of channels: all "
                   "points have channels = 64."));
    CHECK_FALSE(mentions(r.out, "x network"));

    const Results bare("samples,loss\n100,0.3\n200,0.22\n400,0.165\n800,0.126\n1600,0.0955\n");
    const auto without = reconlaw_run("advise " + bare.path);
    CHECK(without.status == 0);
    CHECK(mentions(without.out, "nothing is known of network size: it was not recorded"));
    CHECK_FALSE(mentions(without.out, "network size = 1"));

    std::string seeds = "samples,channels,loss,cost\n";
    for (int seed = 0; seed < 3; ++seed)
        for (const double p : {16, 32, 64})
            for (const double n : {100, 400, 1600, 6400})
                seeds += std::to_string(n) + "," + std::to_string(p) + "," +
                         std::to_string(law(n, p) * (1 + 0.02 * (seed - 1))) + "," +
                         std::to_string(n * p * p) + "\n";
    const Results costly(seeds);
    const auto run = reconlaw_run("advise " + costly.path + " --worth 0.19 --format json");
    REQUIRE(run.status == 0);
    const auto json = nlohmann::json::parse(run.out);
    CHECK(json["points"] == 12);
    REQUIRE(!json["experiments"].empty());
    for (const auto& e : json["experiments"]) {
        const double n = e["samples"], p = e["network"], runs = e["runs"];
        check_close(e["cost"].get<double>(), runs * n * p * p, 1e-6, 0.0);
    }
}

TEST_CASE("reconlaw advise: the page and the plot") {
    if (std::system("gnuplot --version >/dev/null 2>&1") != 0) {
        MESSAGE("SKIPPED: install gnuplot-nox");
        return;
    }
    const Results results(table("samples,\"<b>width</b>\",loss", as_is, {16, 64}));
    const std::string html = (results.folder / "page.html").string(),
                      svg = (results.folder / "plot.svg").string(),
                      png = (results.folder / "plot.png").string();
    const auto r = reconlaw_run("advise " + results.path + " --network-column <b>width</b> --html " + html +
                                " --plot " + svg);
    REQUIRE(r.status == 0);
    const std::string page = read_text(html);
    CHECK(mentions(page, "<svg"));
    CHECK(mentions(page, "&lt;b&gt;width&lt;/b&gt; = 64"));
    CHECK_FALSE(mentions(page, "<b>width"));
    CHECK_FALSE(mentions(page, "<a "));
    CHECK_FALSE(mentions(page, "<script"));
    CHECK_FALSE(mentions(page, "src="));
    CHECK(mentions(page, "What it would bring"));
    CHECK(mentions(read_text(svg), "</svg>"));
    CHECK(reconlaw_run("advise " + results.path + " --network-column <b>width</b> --plot " + png).status ==
          0);
    CHECK(read_text(png).substr(1, 3) == "PNG");

    // nothing to say is a page too
    const Results two("samples,loss\n100,0.3\n200,0.2\n");
    CHECK(reconlaw_run("advise " + two.path + " --html " + html).status == 0);
    CHECK(mentions(read_text(html), "cannot be told from these points"));
}

TEST_CASE(
    "reconlaw advise: nothing is computed for a file that cannot be written, and the table is not "
    "overwritten") {
    const Results results(table("samples,channels,loss", as_is));
    for (const std::string option : {" --html", " --plot", " --output"}) {
        const auto r = reconlaw_run("advise " + results.path + option + " /no/such/folder/x.svg");
        CHECK(r.status == 2);
        CHECK(mentions(r.err, option.substr(1) + ": "));
        CHECK(r.out.empty());
    }
    const std::string before = read_text(results.path);
    CHECK(reconlaw_run("advise " + results.path + " --output " + results.path).status == 2);
    CHECK(read_text(results.path) == before);
}

TEST_CASE("reconlaw advise: accuracies are converted, errors may come from the file") {
    const auto json = [](const std::string& text, const std::string& rest) {
        const Results results(text);
        const auto r = reconlaw_run("advise " + results.path + " --format json" + rest);
        REQUIRE(r.status == 0);
        return nlohmann::json::parse(r.out);
    };
    const auto a = json(table("n_train,channels,loss", as_is), ""),
               b = json(table("n_train,channels,Test_Acc", [](double loss) { return 1 - loss; }), "");
    CHECK(b["metric"] == "accuracy");
    // the same losses up to the 12 digits printed; the sampler amplifies rounding a little
    check_close(b["data"]["gains"][1]["loss_ratio"]["value"].get<double>(),
                a["data"]["gains"][1]["loss_ratio"]["value"].get<double>(), 0.005, 0.0);
    CHECK(mentions(b["verdict"].get<std::string>(), "lowers 1 - accuracy by "));
    CHECK(mentions(b["notes"][0].get<std::string>(), "column 'n_train' is taken for the training sizes"));

    std::string text = "samples,loss,err\n";
    for (const double n : {100, 200, 400, 800, 1600, 3200, 6400, 12800})
        text += std::to_string(n) + "," + std::to_string(0.02 + 3 / std::sqrt(n)) + "," +
                std::to_string(0.2 / std::sqrt(n)) + "\n";
    const auto width = [&](const auto& j) {
        const auto& ratio = j["data"]["gains"][1]["loss_ratio"];
        return ratio["upper"].template get<double>() - ratio["lower"].template get<double>();
    };
    // exact points say that there is no noise, the column says 5 to 7 %
    CHECK(width(json(text, " --error-column err")) > 3 * width(json(text, "")));
}

TEST_CASE("reconlaw advise: points that answer nothing") {
    const std::vector<std::pair<std::string, std::string>> cases{
        {"samples,loss\n100,0.3\n1000,0.2\n", "too few points: 2"},
        {"samples,loss\n100,0.3\n", "all points have samples = 100"},
        {"samples,loss\n100,1\n200,1\n400,1\n800,1\n1600,1\n", "the loss is the same at all points"},
        {"samples,loss\n100,0.1\n200,0.2\n400,0.3\n800,0.4\n1600,0.5\n", "the loss grows with samples"}};
    for (const auto& [text, message] : cases) {
        CAPTURE(text);
        const Results results(text);
        const auto r = reconlaw_run("advise " + results.path);
        CHECK(r.status == 0);
        CHECK(mentions(r.out, "More data: cannot be told from these points"));
        CHECK(mentions(r.out, message));
    }
}

TEST_CASE("reconlaw advise: bad input is refused with status 2, file, line and column") {
    const std::string good = "samples,channels,loss\n100,8,0.3\n200,8,0.2\n";
    const std::vector<std::tuple<std::string, std::string, std::string>> cases{
        {"samples,channels,loss\n100,8,0.3\n-5,8,0.2\n", "",
         "results.csv:3: column 'samples': -5, must be above 0"},
        {"samples,channels,loss\n100,8,0.3\n0,8,0.2\n", "", ":3: column 'samples': 0"},
        {"samples,channels,loss\n100,8,0.3\n200,0,0.2\n", "", ":3: column 'channels': 0"},
        {"samples,channels,loss\n100,8,nan\n", "",
         ":2: column 'loss': 'nan' is not a finite number (--skip-bad-rows"},
        {"samples,channels,loss\n100,8,-0.3\n", "", ":2: column 'loss': -0.3, a loss must be above 0"},
        {"samples,channels,loss\n100,8,\n", "", ":2: column 'loss': the field is empty"},
        {"samples,channels,loss,cost\n100,8,0.3,0\n", "", ":2: column 'cost': 0"},
        {"samples,channels,psnr\n100,8,30\n200,8,31\n400,8,0.0008\n", "",
         ":4: column 'psnr': 0.0008 dB, and others reach 31 dB: mixed units?"},
        {"samples,channels,psnr\n100,8,3000\n", "", "3000 is not a PSNR in dB (-100 to 200)"},
        {"samples,channels,ssim\n100,8,1.2\n", "", ":2: column 'ssim': 1.2 is not an SSIM (-1 to below 1)"},
        {"samples,channels,parameters,loss\n1,2,3,4\n", "",
         "several columns may be the network sizes: 'channels', 'parameters'; choose one by "
         "--network-column"},
        {"a,channels,loss\n1,2,3\n", "",
         "no column 'samples', nor another that is named like training sizes; the file has: "},
        {"samples,channels,error\n1,2,3\n", "",
         "no column 'loss', nor another that is named like losses; the file has: "},
        {good, "--network-column width", "no column 'width'"},
        {good, "--cost-column price", "no column 'price'"},
        {good, "--worth 0", "--worth"},
        {good, "--level 1", "--level"},
        {good, "--metric acuracy", "did you mean 'accuracy'?"},
        {good, "--format csv", "--format"},
        {good, "--plot figure.pdf", "must end in .svg or .png"},
        {good, "--loss-column samples", "column 'samples' is taken for --x and for --y"},
        {good, "--loss-column channels", "taken for --y and for --network-column"},
        {good, "--cost-column loss", "taken for --y and for --cost-column"},
        {good, "--network-column samples", "taken for --x and for --network-column"},
        {good, "--html a.svg --plot ./a.svg", "--plot: './a.svg' is also the path of --html"},
        {good, "--html a.html --output a.html", "--output: 'a.html' is also the path of --html"},
        {"", "", "expected a header line"}};
    for (const auto& [text, options, message] : cases) {
        CAPTURE(text);
        CAPTURE(options);
        const Results results(text);
        const auto r = reconlaw_run("advise " + results.path + " " + options);
        CHECK(r.status == 2);
        CHECK(r.out.empty());
        INFO(r.err);
        CHECK(mentions(r.err, message));
    }
    CHECK(reconlaw_run("advise").status == 2);
    CHECK(mentions(reconlaw_run("advise /no/such/file.csv").err, "/no/such/file.csv"));
}
