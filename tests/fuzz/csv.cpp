// Tables.
#include "reconlaw/data/csv.hpp"

#include "harness.hpp"

namespace reconlaw::fuzz {

void read(data::ByteView bytes) {
    try {
        const data::CsvTable table = data::parse_csv(text_of(bytes), "t.csv");
        expect(!table.columns.empty() && table.rows.size() == table.lines.size());
        for (const auto& row : table.rows) expect(row.size() == table.columns.size());
        for (const std::string& column : table.columns) table.numbers(column);
    } catch (const data::FileError&) {
    }
}

std::vector<data::Bytes> seeds() {
    std::vector<data::Bytes> files;
    for (const char* text :
         {"n,loss\n10,0.5\n100,1e-3\n", "\xef\xbb\xbfname,\"a,b\"\r\n\"x\"\"y\",3\r\n# note\r\n\r\nz,inf\r\n",
          "samples,psnr\n1000 , 31.25\n3000,nan\n", "n;loss\n10;0,5\n", "n\tloss\n1\t2\n"})
        files.push_back(bytes_of(text));
    return files;
}

}  // namespace reconlaw::fuzz
