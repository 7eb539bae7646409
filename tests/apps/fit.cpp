#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "command_line.hpp"
#include "support/check_close.hpp"
#include "support/temporary_directory.hpp"

namespace {

using reconlaw::data::testing::TemporaryDirectory;

/// A folder with one file, whose path it gives.
struct File {
    explicit File(const std::string& text, const std::string& name = "curve.csv")
        : path((folder.path() / name).string()) {
        reconlaw::data::testing::write_text(path, text);
    }
    TemporaryDirectory folder;
    std::string path;
};

/// E + beta N^-alpha at ten sizes from 100 to 51200.
std::string floor_curve(double floor = 0.02, double beta = 3, double alpha = 0.5) {
    std::string text = "samples,loss\n";
    for (int i = 0; i < 10; ++i) {
        const double n = 100 << i;
        text += std::to_string(100 << i) + "," + std::to_string(floor + beta * std::pow(n, -alpha)) + "\n";
    }
    return text;
}

std::string fails(const std::string& file, const std::string& options = "") {
    const File curve(file);
    const Outcome outcome = reconlaw_run("fit " + curve.path + " " + options);
    CHECK(outcome.status == 2);
    CHECK(outcome.out.empty());
    std::string message = outcome.err;
    if (const auto at = message.find(curve.path); at != std::string::npos)
        message.replace(at, curve.path.size(), "FILE");
    return message;
}

}  // namespace

TEST_CASE("fit: the law behind exact points, its parameters, and what comes next") {
    const File curve(floor_curve());
    const Outcome outcome =
        reconlaw_run("fit " + curve.path + " --laws floor,power --predict 1e5,1e6 --format json");
    REQUIRE(outcome.status == 0);
    const auto json = nlohmann::json::parse(outcome.out);
    CHECK(json["laws"][0]["law"] == "floor");
    // the file has six decimals
    check_close(json["laws"][0]["parameters"]["E"]["value"].get<double>(), 0.02, 1e-3, 0);
    check_close(json["laws"][0]["parameters"]["alpha"]["value"].get<double>(), 0.5, 1e-3, 0);
    check_close(json["forecast"][1]["measurement"]["value"].get<double>(), 0.023, 1e-3, 0);
    CHECK(json["identifiability"]["floor_identified"] == true);
}

TEST_CASE("fit: text names laws, forecast and gains") {
    const File curve(floor_curve());
    const Outcome outcome = reconlaw_run("fit " + curve.path + " --laws floor,power --predict 1e5");
    REQUIRE(outcome.status == 0);
    for (const char* words :
         {"10 sizes from 100 to 5.12e+04", "held back", "Held-back points are predicted best by floor",
          "100000", "10x data", "What the curve determines"})
        CHECK_MESSAGE(outcome.out.find(words) != std::string::npos, words);
}

TEST_CASE("fit: decibels in, decibels out, the same as the mean squared error") {
    std::string db = "samples,psnr\n";
    for (int i = 0; i < 10; ++i)
        db += std::to_string(100 << i) + "," +
              std::to_string(-10 * std::log10(0.02 + 3 * std::pow(100 << i, -0.5))) + "\n";
    const File psnr(db), mse(floor_curve());
    const Outcome a =
        reconlaw_run("fit " + psnr.path + " --y psnr --metric psnr --laws floor --predict 1e6 --format json");
    const Outcome b = reconlaw_run("fit " + mse.path + " --laws floor --predict 1e6 --format json");
    REQUIRE(a.status == 0);
    REQUIRE(b.status == 0);
    const auto in_db = nlohmann::json::parse(a.out)["forecast"][0]["measurement"];
    const auto as_mse = nlohmann::json::parse(b.out)["forecast"][0]["measurement"];
    check_close(in_db["value"].get<double>(), -10 * std::log10(as_mse["value"].get<double>()), 0, 2e-3);
    CHECK(in_db["lower"].get<double>() <= in_db["value"].get<double>());
}

TEST_CASE("fit: repeated seeds, duplicated rows and rows of another experiment") {
    std::string text = "samples,loss,seed,channels\n";
    for (int seed = 0; seed < 3; ++seed)
        for (int i = 0; i < 8; ++i)
            text += std::to_string(100 << i) + "," +
                    std::to_string((0.1 + std::pow(100 << i, -0.5)) * (1 + 0.01 * (seed - 1))) + "," +
                    std::to_string(seed) + ",16\n";
    text += "100,0.198,0,16\n";  // the first row again
    text += "100,0.5,0,32\n";
    const File curve(text);
    const Outcome outcome =
        reconlaw_run("fit " + curve.path + " --seed-column seed --where channels=16 --laws floor,power");
    CHECK(outcome.status == 0);
    CHECK(outcome.err.find("1 row that repeats another one was dropped") != std::string::npos);
    CHECK(outcome.err.find("24 rows are 8 different samples, each repeated") != std::string::npos);
    CHECK(fails(text, "--seed-column seed").find("the same samples and seed as line 2 with another loss") !=
          std::string::npos);
    CHECK(fails(text, "--where channels=64")
              .find("no row has 'channels=64'; 'channels' is one of '16', '32'") != std::string::npos);
}

TEST_CASE("fit: what is wrong with the file, and where") {
    CHECK(fails("x,err\n1,2\n") ==
          "reconlaw fit: FILE: no column 'samples', nor another that is named like training sizes; the file "
          "has: x, err; "
          "choose one by --x\n");
    CHECK(fails("samples,loss\n10,0.5\n-3,0.4\n") ==
          "reconlaw fit: FILE:3: column 'samples': -3, must be above 0\n");
    CHECK(fails("samples,loss\n10,0.5\n0,0.4\n") ==
          "reconlaw fit: FILE:3: column 'samples': 0, must be above 0 (laws have no value without data: "
          "remove the row)\n");
    CHECK(fails("samples,loss\n10,0.5\n20,nan\n") ==
          "reconlaw fit: FILE:3: column 'loss': 'nan' is not a finite number (--skip-bad-rows leaves such "
          "rows out)\n");
    CHECK(fails("samples,loss\n10,0.5\n20,-0.1\n") ==
          "reconlaw fit: FILE:3: column 'loss': -0.1, a loss must be above 0\n");
    CHECK(fails(floor_curve(), "--floor 0.5")
              .find("--floor: value = 0.5, must be at least 0 and below the smallest loss") !=
          std::string::npos);
    CHECK(fails("samples,psnr\n10,25\n20,0.003\n", "--y psnr")
              .find("0.003 dB, and others reach 25 dB: mixed units?") != std::string::npos);
    CHECK(fails("samples,ssim\n10,0.8\n20,1.2\n", "--y ssim").find("1.2 is not an SSIM") !=
          std::string::npos);
    CHECK(fails("samples,loss\n10,0.001\n20,31.5\n").find("mixed units?") != std::string::npos);
    CHECK(fails(floor_curve(), "--laws floor,cubic")
              .find("--laws: 'cubic' is unknown, must be all, power, floor") != std::string::npos);
    CHECK(fails(floor_curve(), "--plot x.pdf").find("must end in .svg or .png") != std::string::npos);
    CHECK(fails(floor_curve(), "--theory subspace").find("--n: the dimension of the signals") !=
          std::string::npos);
}

TEST_CASE("fit: two points, constant and growing losses are answers") {
    const File two("samples,loss\n10,0.5\n100,0.4\n");
    const Outcome outcome = reconlaw_run("fit " + two.path);
    CHECK(outcome.status == 0);
    CHECK(outcome.out.find("No forecast: it takes 4 training sizes or more") != std::string::npos);
    CHECK(outcome.out.find("too few points: 2 for 3 parameters") != std::string::npos);
    const File flat("samples,loss\n10,1\n100,1\n1000,1\n10000,1\n100000,1\n1000000,1\n");
    const Outcome constant = reconlaw_run("fit " + flat.path + " --laws floor,power");
    CHECK(constant.status == 0);
    CHECK(constant.out.find("no power-law regime") != std::string::npos);
    const File up("samples,loss\n10,0.1\n100,0.15\n1000,0.22\n10000,0.36\n100000,0.5\n1000000,0.8\n");
    const Outcome growing = reconlaw_run("fit " + up.path + " --laws floor,power");
    CHECK(growing.status == 0);
    CHECK(growing.out.find("No forecast: the loss grows with samples") != std::string::npos);
    CHECK(growing.out.find("--metric accuracy, ssim or r2 says so") != std::string::npos);
    CHECK(constant.out.find("nan") == std::string::npos);
}

TEST_CASE("fit: a hundred thousand rows are merged, with a note") {
    std::string text = "samples,loss\n";
    for (int i = 1; i <= 100000; ++i)
        text += std::to_string(i) + "," + std::to_string(0.1 + 1.0 / std::sqrt(i)) + "\n";
    const File curve(text);
    const Outcome outcome = reconlaw_run("fit " + curve.path + " --laws power");
    CHECK(outcome.status == 0);
    CHECK(outcome.err.find("100000 different samples were merged into 1") != std::string::npos);
}

TEST_CASE("fit --series: every curve of a long table, and one that cannot be") {
    std::string text = "task,N,L,train\n";
    for (const char* task : {"a", "b"})
        for (int i = 0; i < 12; ++i)
            text += std::string(task) + "," + std::to_string(100 << i) + "," +
                    std::to_string(0.1 + std::pow(100 << i, task[0] == 'a' ? -0.5 : -0.3)) + "," +
                    (i < 10 ? "1" : "0") + "\n";
    text += "c,100,0.5,1\nc,200,0.4,0\n";
    const File table(text, "table.csv");
    const std::string command =
        "fit --series " + table.path + " --group task --x N --y L --train train --laws floor,power";
    const Outcome outcome = reconlaw_run(command + " --format json");
    REQUIRE(outcome.status == 0);
    const auto json = nlohmann::json::parse(outcome.out);
    CHECK(json["series"].size() == 3);
    CHECK(json["mean_log_rmse"].get<double>() < 1e-3);
    CHECK(json["series"][2]["problem"].get<std::string>().find("number of points = 1") != std::string::npos);
    CHECK(reconlaw_run(command).out.find("RMSE of log loss, mean over series: 0.000") != std::string::npos);
    CHECK(reconlaw_run("fit --series " + table.path + " --x N --y L").status == 2);
    const Outcome twice = reconlaw_run(command + " --format csv"),
                  again = reconlaw_run(command + " --format csv");
    CHECK(twice.out == again.out);
}

TEST_CASE("fit: rows of other experiments are not repeats") {
    std::string text = "samples,estimator,loss\n";
    for (int i = 0; i < 8; ++i)
        for (const char* estimator : {"converged", "early-stopped"})
            text += std::to_string(100 << i) + "," + estimator + "," +
                    std::to_string(0.1 + std::pow(100 << i, -0.5)) + "\n";
    CHECK(
        fails(text) ==
        "reconlaw fit: column 'estimator' has several values at one samples: these are other experiments, "
        "not "
        "repeats; choose with --where estimator=converged, or say that it numbers repeats with --seed-column "
        "estimator\n");
    const File curve(text);
    CHECK(reconlaw_run("fit " + curve.path + " --where estimator=converged --laws floor").status == 0);
}

TEST_CASE("fit: a robust loss changes what an outlier did to the law") {
    std::string text = floor_curve();
    text.replace(text.find("1600,"), text.find('\n', text.find("1600,")) - text.find("1600,"), "1600,0.2");
    const File curve(text);
    const auto floor_of = [&](const std::string& options) {
        const auto json = nlohmann::json::parse(
            reconlaw_run("fit " + curve.path + " --laws floor,power --format json " + options).out);
        for (const auto& law : json["laws"])
            if (law["law"] == "floor") return law["parameters"]["alpha"]["value"].get<double>();
        return 0.0;
    };
    CHECK(std::abs(floor_of("") - 0.5) > 0.05);
    check_close(floor_of("--robust tukey"), 0.5, 0.01, 0);
}

TEST_CASE("fit: options that contradict or do nothing are refused") {
    CHECK(fails(floor_curve(), "--x loss").find("column 'loss' is taken for --x and for --y") !=
          std::string::npos);
    CHECK(fails(floor_curve(), "--n 10").find("belong to --theory") != std::string::npos);
    CHECK(fails(floor_curve(), "--laws power,power").find("'power' is given twice") != std::string::npos);
    CHECK(fails(floor_curve(), "--plot a.svg --output a.svg").find("'a.svg' is also the path of --plot") !=
          std::string::npos);
    CHECK(fails(floor_curve(), "--series x.csv").find("one file is needed") != std::string::npos);
}

TEST_CASE("fit: laws too large for the points are a table, not an error") {
    const File curve(floor_curve());
    const Outcome outcome = reconlaw_run("fit " + curve.path + " --laws broken-3");
    CHECK(outcome.status == 0);
    CHECK(outcome.out.find("No forecast: it takes 22 training sizes or more with these laws") !=
          std::string::npos);
}
