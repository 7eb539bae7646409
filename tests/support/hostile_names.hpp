#pragma once
/// Names of files and columns that would do something where they are not taken as text.

#include <filesystem>
#include <string>
#include <vector>

#include "support/temporary_directory.hpp"

namespace reconlaw::data::testing {

struct HostileName {
    std::string text;
    std::string shown;  ///< how it reads in a drawing
};

/// Each that is executed leaves a file in the working directory.
inline const std::vector<HostileName>& hostile_names() {
    static const std::vector<HostileName> names = [] {
        std::vector<HostileName> all{{"a\nsystem 'touch BY_NEWLINE'\n#", "a\\nsystem 'touch BY_NEWLINE'\\n#"},
                                     {"a\r!touch BY_RETURN\r", "a\\r!touch BY_RETURN\\r"},
                                     {"\x1b[31mred\x07\x01", "\\x1b[31mred\\x07\\x01"},
                                     {"not\xffUTF-8 \xc3", "not\\xffUTF-8 \\xc3"},
                                     {"\xEF\xB7\x90\xEF\xBF\xBE", "\xEF\xBF\xBD\xEF\xBF\xBD"}};
        for (const char* text : {"loss `touch BY_BACKQUOTE`",
                                 "loss $(touch BY_SHELL)",
                                 "a\" ; system \"touch BY_QUOTE\" ; \"",
                                 "a' ; system 'touch BY_SINGLE' ; '",
                                 "'",
                                 "''",
                                 "\"",
                                 "`",
                                 "``",
                                 "back\\slash\\",
                                 "\\",
                                 "\\\\n",
                                 "@GPVAL_TERM @x",
                                 "{",
                                 "}",
                                 "{/:Bold b}",
                                 "{{",
                                 "a_b^c_{d}",
                                 "~a{.8-}",
                                 "&{x}",
                                 "a&b &amp; &#x41; &#xzz;",
                                 "<script>alert(1)</script>",
                                 "]]><b>x</b>",
                                 "<!-- x -->",
                                 "<![CDATA[x]]>",
                                 "100 % %d %s %n",
                                 "!touch BY_BANG",
                                 "| touch BY_PIPE",
                                 "< touch BY_READ",
                                 "; touch BY_SEMICOLON",
                                 "$d0 << EOD",
                                 "EOD",
                                 "# comment",
                                 "σ é 数 😀",
                                 "gpPt gnuplot_canvas",
                                 "--option",
                                 "-",
                                 ".",
                                 "if (1) { system 'touch BY_IF' }",
                                 "\\U+00e9",
                                 "%{x}",
                                 "x:y/z"})
            all.push_back({text, text});
        return all;
    }();
    return names;
}

/// Characters of a text in XML, as a reader sees them.
inline std::string xml_text(const std::string& text) {
    std::string xml;
    for (const char c : text)
        xml += c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '&' ? "&amp;" : std::string(1, c);
    return xml;
}

/// The SVG has an element of exactly this text.
inline bool text_in_svg(const std::string& svg, const std::string& text) {
    return svg.find(">" + xml_text(text) + "</text>") != std::string::npos;
}

/// Makes a fresh folder the working directory while it lives.
class WorkingDirectory {
  public:
    WorkingDirectory() : before_(std::filesystem::current_path()) {
        std::filesystem::current_path(folder_.path());
    }
    ~WorkingDirectory() { std::filesystem::current_path(before_); }
    WorkingDirectory(const WorkingDirectory&) = delete;
    WorkingDirectory& operator=(const WorkingDirectory&) = delete;

    const std::filesystem::path& path() const { return folder_.path(); }

  private:
    TemporaryDirectory folder_;
    std::filesystem::path before_;
};

}  // namespace reconlaw::data::testing
