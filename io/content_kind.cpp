#include "io/content_kind.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <initializer_list>

#include "heddle/error.h"
#include "heddle/rethrow.h"
#include "io/decompress.h"
#include "io/file.h"
#include "io/json_records.h"
#include "io/text.h"
#include "io/text_source.h"
#include "io/utf8.h"

namespace heddle::io {

namespace detail {

namespace {

using namespace std::string_view_literals;

// What to do with a file of another kind. FILE stands for its path.
constexpr const char* by_pandas_parquet =
    "in Python, pandas.read_parquet('FILE').to_csv('data.csv', index=False) writes it as CSV";
constexpr const char* by_pandas_feather =
    "in Python, pandas.read_feather('FILE').to_csv('data.csv', index=False) writes it as CSV";
constexpr const char* by_pandas_pickle =
    "in Python, pandas.read_pickle('FILE').to_csv('data.csv', index=False) writes a table as CSV";
constexpr const char* by_pandas_hdf =
    "in Python, pandas.read_hdf('FILE') or h5py opens it; what is in it can be written as CSV or .npz";
constexpr const char* by_sheet =
    "save the sheet as CSV (File, Save as), or in Python, pandas.read_excel('FILE').to_csv('data.csv', index=False)";
constexpr const char* by_sqlite = "sqlite3 -header -csv FILE 'select * from TABLE' > data.csv writes a table of it as CSV";
constexpr const char* by_networkx_gml =
    "in Python, networkx.write_graphml(networkx.read_gml('FILE'), 'graph.graphml') writes it as GraphML, which is read";
constexpr const char* by_networkx_pajek =
    "in Python, networkx.write_graphml(networkx.Graph(networkx.read_pajek('FILE')), 'graph.graphml') writes it as GraphML, which "
    "is read";
constexpr const char* by_networkx_dot =
    "in Python, networkx.write_graphml(networkx.nx_pydot.read_dot('FILE'), 'graph.graphml') writes it as GraphML, which is read";
constexpr const char* by_unpacking = "unpack it and name the file or folder that was in it";
constexpr const char* no_data = "it holds no table and no graph";
constexpr const char* by_csv = "write it as CSV with the program that wrote it";
constexpr const char* by_r = "in R, write.csv(readRDS('FILE'), 'data.csv', row.names = FALSE) writes a data frame as CSV";
constexpr const char* by_savez = "in Python, scipy.io.loadmat('FILE') opens it; numpy.savez or CSV is read";
constexpr const char* by_download = "a page was saved in place of the file that it links to: download that (on GitHub, by Raw)";

struct Magic {
  std::string_view bytes;
  ContentKind::Kind kind;
  const char* name;
  const char* remedy = "";
  std::size_t offset = 0;
};
constexpr Magic magics[] = {
    {"\x1f\x8b"sv, ContentKind::gzip, "gzip-compressed"},
    {"\xff\xfe\0\0"sv, ContentKind::other, "a text in UTF-32", "iconv -f UTF-32 -t UTF-8 FILE > data.csv writes it as UTF-8"},
    {"\0\0\xfe\xff"sv, ContentKind::other, "a text in UTF-32", "iconv -f UTF-32 -t UTF-8 FILE > data.csv writes it as UTF-8"},
    {"\x93NUMPY"sv, ContentKind::npy, "a NumPy array", "as features.npy or labels.npy beside an edge list it is read"},
    {"\x89HDF\r\n\x1a\n"sv, ContentKind::other, "an HDF5 file", by_pandas_hdf},
    {"CDF\x01"sv, ContentKind::other, "a NetCDF file", by_csv},
    {"SQLite format 3\0"sv, ContentKind::other, "an SQLite database", by_sqlite},
    {"PAR1"sv, ContentKind::other, "a Parquet file", by_pandas_parquet},
    {"ARROW1"sv, ContentKind::other, "an Arrow (Feather) file", by_pandas_feather},
    {"FEA1"sv, ContentKind::other, "a Feather file", by_pandas_feather},
    {"ORC"sv, ContentKind::other, "an ORC file", by_csv},
    {"Obj\x01"sv, ContentKind::other, "an Avro file", by_csv},
    {"MATLAB 5.0 MAT-file"sv, ContentKind::other, "a MATLAB file", by_savez},
    {"RDX2\n"sv, ContentKind::other, "an R data file", by_r},
    {"RDX3\n"sv, ContentKind::other, "an R data file", by_r},
    {"X\n\0\0\0"sv, ContentKind::other, "an R data file", by_r},
    {"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"sv, ContentKind::other, "an Office document of the old form (.xls, .doc)", by_sheet},
    {"GGUF"sv, ContentKind::other, "a GGUF model", no_data},
    {"%PDF-"sv, ContentKind::other, "a PDF document", no_data},
    {"{\\rtf"sv, ContentKind::other, "an RTF document", no_data},
    {"\x89PNG\r\n\x1a\n"sv, ContentKind::other, "an image (PNG)", no_data},
    {"\xff\xd8\xff"sv, ContentKind::other, "an image (JPEG)", no_data},
    {"GIF87a"sv, ContentKind::other, "an image (GIF)", no_data},
    {"GIF89a"sv, ContentKind::other, "an image (GIF)", no_data},
    {"II*\0"sv, ContentKind::other, "an image (TIFF)", no_data},
    {"MM\0*"sv, ContentKind::other, "an image (TIFF)", no_data},
    {"WEBPVP8"sv, ContentKind::other, "an image (WebP)", no_data, 8},
    {"WAVEfmt"sv, ContentKind::other, "a sound file", no_data, 8},
    {"ftyp"sv, ContentKind::other, "a film (MP4)", no_data, 4},
    {"\x7f"
     "ELF"sv,
     ContentKind::other, "a program", no_data},
    {"MZ\x90\0"sv, ContentKind::other, "a program", no_data},
    {"\xca\xfe\xba\xbe\0"sv, ContentKind::other, "a Java class", no_data},
    {"\x28\xb5\x2f\xfd"sv, ContentKind::other, "zstd-compressed", "zstd -d FILE decompresses it"},
    {"BZh"sv, ContentKind::other, "bzip2-compressed", "bunzip2 -k FILE decompresses it"},
    {"\xfd"
     "7zXZ\0"sv,
     ContentKind::other, "xz-compressed", "unxz -k FILE decompresses it"},
    {"\x04\x22\x4d\x18"sv, ContentKind::other, "LZ4-compressed", "lz4 -d FILE decompresses it"},
    {"\xff\x06\0\0sNaPpY"sv, ContentKind::other, "Snappy-compressed", "decompress it first"},
    {"\x1f\x9d"sv, ContentKind::other, "compressed by compress (.Z)", "gunzip -k FILE decompresses it"},
    {"\x5d\0\0\x80\0"sv, ContentKind::other, "lzma-compressed", "unlzma -k FILE decompresses it"},
    {"7z\xbc\xaf\x27\x1c"sv, ContentKind::other, "a 7z archive", by_unpacking},
    {"Rar!\x1a\x07"sv, ContentKind::other, "a RAR archive", by_unpacking},
    {"ustar"sv, ContentKind::other, "a tar archive", by_unpacking, 257},
    {"\x80\x02"sv, ContentKind::other, "a Python pickle", by_pandas_pickle},
    {"\x80\x03"sv, ContentKind::other, "a Python pickle", by_pandas_pickle},
    {"\x80\x04"sv, ContentKind::other, "a Python pickle", by_pandas_pickle},
    {"\x80\x05"sv, ContentKind::other, "a Python pickle", by_pandas_pickle},
};

/// Texts that are no tables, by how they begin behind blanks and a byte order mark, whatever the case.
struct TextStart {
  std::string_view start;
  const char* format;  // "": no reader is for it
  const char* name;
  const char* remedy;
};
constexpr TextStart text_starts[] = {
    {"%%matrixmarket", "matrix_market", "a Matrix Market file", ""},
    {"%matrixmarket", "matrix_market", "a Matrix Market file", ""},
    {"graph [", "", "a GML file", by_networkx_gml},
    {"graph\n[", "", "a GML file", by_networkx_gml},
    {"graph\r\n[", "", "a GML file", by_networkx_gml},
    {"graph\n  [", "", "a GML file", by_networkx_gml},
    {"creator \"", "", "a GML file", by_networkx_gml},
    {"*vertices", "", "a Pajek file", by_networkx_pajek},
    {"*network", "", "a Pajek file", by_networkx_pajek},
    {"digraph ", "", "a DOT file", by_networkx_dot},
    {"strict graph ", "", "a DOT file", by_networkx_dot},
    {"strict digraph ", "", "a DOT file", by_networkx_dot},
    {"graph {", "", "a DOT file", by_networkx_dot},
    {"@relation", "", "an ARFF file (Weka)", "without the lines that begin with @ it is a CSV"},
    {"version https://git-lfs", "", "a pointer of Git LFS", "git lfs pull fetches the file that it stands for"},
    {"-- mysql dump", "", "an SQL dump", "load it into a database and write the table as CSV"},
    {"-- phpmyadmin", "", "an SQL dump", "load it into a database and write the table as CSV"},
    {"-- postgresql database dump", "", "an SQL dump", "load it into a database and write the table as CSV"},
    {"create table", "", "an SQL dump", "load it into a database and write the table as CSV"},
    {"insert into", "", "an SQL dump", "load it into a database and write the table as CSV"},
    {"pragma foreign_keys", "", "an SQL dump", "sqlite3 data.db < FILE makes a database of it; write the table as CSV"},
};

/// Eight bytes of a header's length, then the header, a JSON object, perhaps after blanks.
bool is_safetensors(std::string_view head) {
  uint64_t length = 0;
  if (head.size() <= sizeof length) return false;
  std::memcpy(&length, head.data(), sizeof length);
  const std::size_t first = head.find_first_not_of(" \t\r\n", sizeof length);
  return length < uint64_t{1} << 40 && first != std::string_view::npos && head[first] == '{';
}

bool is_high(char c) { return static_cast<unsigned char>(c) >= 0x80; }

bool is_control(char c) {
  return (static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r' && c != '\f' && c != '\v') || c == 0x7f;
}

/// UTF-8, or Latin-1 of which most is ASCII, without control characters.
bool is_text(std::string_view head) {
  if (std::any_of(head.begin(), head.end(), is_control)) return false;
  for (std::size_t cut = 0; cut < 4 && cut < head.size(); ++cut) {  // the head may end within a character
    if (is_utf8(head.substr(0, head.size() - cut))) return true;
  }
  return std::count_if(head.begin(), head.end(), is_high) <= static_cast<std::ptrdiff_t>(head.size() / 3);
}

bool starts_with_any_case(std::string_view content, std::string_view lower) {
  if (content.size() < lower.size()) return false;
  return std::equal(lower.begin(), lower.end(), content.begin(),
                    [](char wanted, char found) { return wanted == (found >= 'A' && found <= 'Z' ? found + 32 : found); });
}

bool contains_any_case(std::string_view content, std::string_view lower) {
  for (std::size_t at = 0; at + lower.size() <= content.size(); ++at) {
    if (starts_with_any_case(content.substr(at), lower)) return true;
  }
  return false;
}

ContentKind xml_kind(std::string_view content) {
  const auto with = [](const char* format, const char* name, const char* remedy) {
    return ContentKind{.kind = ContentKind::text, .name = name, .format = format, .remedy = remedy};
  };
  const std::string_view start = content.substr(0, 4096);
  if (contains_any_case(start, "<graphml")) return with("graphml", "a GraphML file", "");
  if (contains_any_case(start, "<gexf")) return with("gexf", "a GEXF file", "");
  if (contains_any_case(start, "<html") || contains_any_case(start, "<!doctype html"))
    return with("", "a web page (HTML)", by_download);
  if (contains_any_case(start, "<svg")) return with("", "an image (SVG)", no_data);
  return with("", "an XML file", "GraphML and GEXF are read; write others as CSV");
}

/// Whether a text could begin so, being another than what has the bytes for its mark.
bool is_word(std::string_view mark) {
  return std::all_of(mark.begin(), mark.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); });
}

/// Whether the first line that is no comment ends in a Python dict behind two fields: "0 5 {'weight': 3}".
bool ends_in_dict(std::string_view content) {
  while (content.starts_with('#')) content.remove_prefix(std::min(content.find('\n'), content.size() - 1) + 1);
  std::string_view line = content.substr(0, content.find('\n'));
  if (line.ends_with('\r')) line.remove_suffix(1);
  const std::size_t brace = line.find(" {");
  if (brace == std::string_view::npos || !line.ends_with('}')) return false;
  return std::count(line.begin(), line.begin() + static_cast<std::ptrdiff_t>(brace), ' ') == 1;
}

/// The kind of a text: of a table, or one that only looks like a text.
ContentKind text_kind(std::string_view head) {
  std::string_view content = head;
  if (content.starts_with("\xef\xbb\xbf")) content.remove_prefix(3);
  content.remove_prefix(std::min(content.size(), content.find_first_not_of(" \t\r\n")));
  for (const TextStart& known : text_starts) {
    if (!starts_with_any_case(content, known.start)) continue;
    return {.kind = ContentKind::text, .name = known.name, .format = known.format, .remedy = known.remedy};
  }
  const char behind = content.size() > 1 ? content[1] : '\0';
  if (content.starts_with('<') &&
      (behind == '?' || behind == '!' || (behind >= 'A' && behind <= 'Z') || (behind >= 'a' && behind <= 'z')))
    return xml_kind(content);
  if (ends_in_dict(content)) {
    return {.kind = ContentKind::text,
            .name = "an edge list of networkx's with dicts",
            .remedy =
                "in Python, networkx.write_edgelist(graph, 'edges.txt', data=['weight']) or data=False writes one that is read"};
  }
  switch (json_shape(content)) {
    case JsonShape::none: break;
    case JsonShape::graph: return {.kind = ContentKind::text, .name = "a graph as JSON (node-link)", .format = "node_link"};
    case JsonShape::records:
      return {.kind = ContentKind::text, .name = "a JSON file (a record an object)", .format = "json_lines"};
    case JsonShape::python:
      return {.kind = ContentKind::text,
              .name = "a file of Python dicts, which are not JSON",
              .remedy = "in Python, json.dumps(ast.literal_eval(line)) makes JSON of a line, which is read"};
    case JsonShape::other:
      return {.kind = ContentKind::text,
              .name = "a JSON file",
              .remedy = "JSON is read as one object a record, or as a node-link graph"};
  }
  return {.kind = ContentKind::text, .name = "a text file"};
}

/// A zip archive by the name of its first member.
ContentKind zip_kind(std::string_view head) {
  constexpr std::size_t name_length_at = 26, name_at = 30;
  std::string_view first;
  if (head.size() > name_at) {
    const auto length = static_cast<std::size_t>(static_cast<unsigned char>(head[name_length_at]) |
                                                 static_cast<unsigned char>(head[name_length_at + 1]) << 8);
    first = head.substr(name_at, length);
  }
  if (first.ends_with(".npy")) return {.kind = ContentKind::zip, .name = "a NumPy archive (.npz)", .format = "npz"};
  const auto other = [](const char* name, const char* remedy) {
    return ContentKind{.kind = ContentKind::zip, .name = name, .remedy = remedy};
  };
  if (first == "[Content_Types].xml" || first.starts_with("_rels/") || first.starts_with("xl/") || first.starts_with("docProps/"))
    return other("an Office document (.xlsx, .docx)", by_sheet);
  if (first == "mimetype") return other("an OpenDocument file (.ods, .odt)", by_sheet);
  if (first.ends_with("/data.pkl") || first.ends_with("/.format_version"))
    return other("a PyTorch file (.pt)",
                 "in Python, torch.load('FILE') opens it; numpy.savez writes its arrays as .npz, which is read");
  if (first.starts_with("META-INF/")) return other("a Java archive", no_data);
  return {.kind = ContentKind::zip, .name = "a zip archive", .format = "zip"};
}

}  // namespace

ContentKind content_kind(std::string_view head) {
  if (head.empty()) return {.kind = ContentKind::other, .name = "an empty file"};
  if (is_safetensors(head))
    return {
        .kind = ContentKind::safetensors, .name = "a safetensors file", .remedy = "heddle info FILE tells what model it holds"};
  if (head.starts_with("PK\x03\x04")) return zip_kind(head);
  if (head.starts_with("PK\x05\x06"sv)) return {.kind = ContentKind::zip, .name = "an empty zip archive", .remedy = no_data};
  const bool text = is_text(head);
  for (const Magic& magic : magics) {
    if (head.size() < magic.offset || !head.substr(magic.offset).starts_with(magic.bytes)) continue;
    if (text && is_word(magic.bytes)) continue;  // the header of a CSV may begin with ORC
    return {.kind = magic.kind, .name = magic.name, .remedy = magic.remedy};
  }
  if (head.starts_with("\xff\xfe") || head.starts_with("\xfe\xff"))
    return {.kind = ContentKind::text, .name = "a text file (UTF-16)"};
  if (text) return text_kind(head);
  if (encoding_of(head) != Encoding::utf8) return {.kind = ContentKind::text, .name = "a text file (UTF-16)"};
  return {.kind = ContentKind::unknown, .name = "a binary file of another kind"};
}

ContentKind kind_at(const std::string& path) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) return {};
  return content_kind_of(path);
}

std::string refusal(const std::string& path, const ContentKind& kind, std::string_view what,
                    std::initializer_list<std::string_view> read_here) {
  std::string remedy = kind.remedy;
  if (remedy.empty() && kind.kind == ContentKind::gzip) remedy = "decompress it once more";
  const bool read = kind.format.empty() || std::find(read_here.begin(), read_here.end(), kind.format) != read_here.end();
  if (remedy.empty() && !read)
    remedy = kind.format == "json_lines" ? "write its edges as CSV, or as node-link JSON"
                                         : "the commands for node classifiers read it (heddle train gcn --data FILE)";
  if (remedy.empty()) return "";
  for (std::size_t at = 0; (at = remedy.find("FILE", at)) != std::string::npos;) {
    const std::string shown = printable(path);
    remedy.replace(at, 4, shown);
    at += shown.size();
  }
  return text(path, " is ", kind.name, ", not ", what, " that can be read; ", remedy);
}

}  // namespace detail

ContentKind content_kind_of(const std::string& path) try {
  const detail::InputFile file(path);
  std::string head(static_cast<std::size_t>(std::min(file.size(), detail::content_kind_bytes)), '\0');
  file.read(0, head.data(), static_cast<int64_t>(head.size()));
  ContentKind found = detail::content_kind(head);
  if (detail::compression_of(head) == detail::Compression::none) return found;
  const std::string text = detail::decompressed_head(head, detail::content_kind_bytes);
  if (text.empty() && found.kind != ContentKind::gzip) return found;  // nothing opens it here
  ContentKind inside = detail::content_kind(text);
  inside.compressed = true;
  inside.name = found.name + ", " + inside.name;
  return inside;
} catch (...) {
  rethrow_as_error();
}

}  // namespace heddle::io
