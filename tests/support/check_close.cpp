#include "support/check_close.hpp"

#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <utility>

namespace reconlaw::testing {
namespace {

class Margins {
  public:
    void note(const char* file, int line, double error, double allowed) {
        auto& worst = worst_[{file, line}];
        if (!worst.second || !(error / allowed <= worst.first / worst.second)) worst = {error, allowed};
    }
    ~Margins() {
        const char* path = std::getenv("RECONLAW_MARGINS");
        std::FILE* out = path ? std::fopen(path, "a") : nullptr;
        if (!out) return;
        for (const auto& [place, worst] : worst_)
            std::fprintf(out, "%.3g %.3g %.3g %s:%d\n", worst.first / worst.second, worst.first, worst.second,
                         place.first.c_str(), place.second);
        std::fclose(out);
    }

  private:
    std::map<std::pair<std::string, int>, std::pair<double, double>> worst_;
};

}  // namespace

void note_margin(const char* file, int line, double error, double allowed) {
    static const bool wanted = std::getenv("RECONLAW_MARGINS") != nullptr;
    static Margins margins;
    if (wanted && allowed > 0) margins.note(file, line, error, allowed);
}

}  // namespace reconlaw::testing
