#pragma once
#include <sstream>
#include <string>
#include <vector>

#include "commands.hpp"

struct Outcome {
    int status;
    std::string out, err;
};

/// Runs one command line in this process, or only has it understood.
inline Outcome reconlaw_words(std::vector<std::string> words, bool execute = true) {
    words.insert(words.begin(), "reconlaw");
    std::vector<const char*> argv;
    for (const auto& w : words) argv.push_back(w.c_str());
    std::ostringstream out, err;
    const int status = (execute ? reconlaw::cli::run : reconlaw::cli::check)(static_cast<int>(argv.size()),
                                                                             argv.data(), {out, err, false});
    return {status, out.str(), err.str()};
}

/// The same for words separated by blanks.
inline Outcome reconlaw_run(const std::string& line) {
    std::vector<std::string> words;
    std::istringstream in(line);
    for (std::string word; in >> word;) words.push_back(word);
    return reconlaw_words(words);
}

inline std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
}

inline std::vector<std::string> cells_of(const std::string& line) {
    std::vector<std::string> cells(1);
    for (const char c : line) {
        if (c == ',')
            cells.emplace_back();
        else
            cells.back() += c;
    }
    return cells;
}
