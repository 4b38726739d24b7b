#include "samples.h"

namespace heddle::test {

namespace {

template <class T>
std::string number(T value) {
  return std::string(reinterpret_cast<const char*>(&value), sizeof(T));
}

uint32_t crc32(std::string_view content) {
  uint32_t crc = ~0u;
  for (const char c : content) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
  }
  return ~crc;
}

std::string short_string(const std::string& value) { return "U" + std::string(1, static_cast<char>(value.size())) + value; }
std::string integer(int value) { return "J" + number(int32_t{value}); }

/// An ndarray without PROTO and STOP.
std::string array(const std::string& shape, const std::string& dtype, const std::string& data) {
  std::string code = "cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\n" + bytes("K\0\x85U\1b\x87R");
  code += bytes("(K\1") + shape + "cnumpy\ndtype\n" + short_string(dtype) + bytes("K\0K\1\x87R");
  code += bytes("(K\3U\1<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tb");
  return code + "\x89T" + number(static_cast<uint32_t>(data.size())) + data + "tb";
}

}  // namespace

std::string npy(const std::string& header, const std::string& data) {
  return bytes("\x93NUMPY\1\0") + number(static_cast<uint16_t>(header.size())) + header + data;
}

std::string zip(const std::vector<std::pair<std::string, std::string>>& entries) {
  std::string file, directory;
  for (const auto& [name, content] : entries) {
    const auto size = number(static_cast<uint32_t>(content.size()));
    const std::string common = bytes("\x14\0\0\0\0\0\0\0\x21\0") + number(crc32(content)) + size + size +
                               number(static_cast<uint16_t>(name.size())) + bytes("\0\0");
    directory += bytes("PK\1\2\x14\0") + common + std::string(10, '\0') + number(static_cast<uint32_t>(file.size())) + name;
    file += bytes("PK\3\4") + common + name + content;
  }
  const auto count = number(static_cast<uint16_t>(entries.size()));
  return file + directory + bytes("PK\5\6\0\0\0\0") + count + count + number(static_cast<uint32_t>(directory.size())) +
         number(static_cast<uint32_t>(file.size())) + bytes("\0\0");
}

std::string gzip(const std::string& content) {
  const auto size = static_cast<uint16_t>(content.size());
  return bytes("\x1f\x8b\x08\0\0\0\0\0\0\3\1") + number(size) + number(static_cast<uint16_t>(~size)) + content +
         number(crc32(content)) + number(uint32_t{size});
}

std::string safetensors(const std::string& header, const std::string& data) {
  return number(static_cast<uint64_t>(header.size())) + header + data;
}

std::string pickle_matrix(int rows, int cols, const std::string& dtype, const std::string& data) {
  return "\x80\2" + array(integer(rows) + integer(cols) + "\x86", dtype, data) + ".";
}

std::string pickle_csr(int rows, int cols, const std::vector<int32_t>& indptr, const std::vector<int32_t>& indices,
                       const std::vector<float>& data) {
  const auto vector = [](const auto& values, const char* dtype) {
    return array(integer(static_cast<int>(values.size())) + "\x85", dtype, raw(values));
  };
  std::string code = "\x80\2" + std::string("cscipy.sparse.csr\ncsr_matrix\n)\x81}(");
  code += short_string("format") + short_string("csr");
  code += short_string("_shape") + integer(rows) + integer(cols) + "\x86";
  code += short_string("indptr") + vector(indptr, "i4");
  code += short_string("indices") + vector(indices, "i4");
  code += short_string("maxprint") + "K2";
  code += short_string("data") + vector(data, "f4");
  return code + "ub.";
}

std::string pickle_graph(const std::vector<std::pair<int, std::vector<int>>>& lists) {
  std::string code = "\x80\2" + std::string("ccollections\ndefaultdict\nq\1c__builtin__\nlist\nq\2\x85Rq\3(");
  for (const auto& [node, neighbours] : lists) {
    code += integer(node) + "](";
    for (const int neighbour : neighbours) code += integer(neighbour);
    code += "e";
  }
  return code + "u.";
}

std::array<std::string, 8> tiny_planetoid() {
  return {
      pickle_csr(2, 4, {0, 1, 3}, {0, 1, 2}, {1, 2, 3}),
      pickle_csr(3, 4, {0, 1, 2, 3}, {3, 2, 1}, {6, 30, 4}),
      pickle_csr(3, 4, {0, 1, 3, 6}, {0, 2, 1, 3, 0, 3}, {1, 3, 2, 0, 0.5f, 0.25f}),
      pickle_matrix(2, 2, "i4", raw<int32_t>({1, 0, 0, 1})),
      pickle_matrix(3, 2, "i4", raw<int32_t>({0, 1, 1, 0, 0, 1})),
      pickle_matrix(3, 2, "i4", raw<int32_t>({1, 0, 0, 1, 0, 0})),
      pickle_graph({{0, {1, 1, 2, 0}}, {1, {0}}, {6, {3}}, {2, {}}}),
      "6\n3\n4\n",
  };
}

io::detail::PlanetoidParts parts_of(const std::array<std::string, 8>& contents) {
  io::detail::PlanetoidParts parts;
  for (std::size_t i = 0; i < parts.size(); ++i) parts[i] = {contents[i], std::string(io::detail::planetoid_part_names[i])};
  return parts;
}

std::vector<Sample> samples() {
  const std::string npy_sample =
      npy("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }\n", raw<float>({1, 2, 3, 4, 5, 6}));
  std::string eight;
  for (const std::string& part : tiny_planetoid()) eight += number(static_cast<uint16_t>(part.size())) + part;
  return {
      {"edge list", edge_list, "# graph\nu,v,weight\n0,1,0.5\n1,2,-1e3\n", "edge_list"},
      {"matrix", matrix, "a b\n1 2.5\n-3e2 4\n", "matrix_csv"},
      {"labels", labels, "label\n0\n-1\n3\n", "labels"},
      {"ids", ids, "# ids\n4\n9\n0\n", "ids"},
      {"npy", npy_file, npy_sample, "npy"},
      {"npy of strings", npy_file, npy("{'descr': '|S2', 'fortran_order': False, 'shape': (2,), }", "abcd"), "npy"},
      {"npz", npz_file, zip({{"a.npy", npy_sample}, {"b.npy", npy_sample}}), "npz"},
      {"safetensors", safetensors_file,
       safetensors(R"({"__metadata__":{"k":"v"},"w":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]}})", raw<float>({1, 2})),
       "safetensors"},
      {"csr pickle", csr_pickle, pickle_csr(2, 3, {0, 1, 3}, {2, 0, 1}, {1, 2, 3}), "pickle", "0"},
      {"matrix pickle", matrix_pickle, pickle_matrix(2, 2, "f8", raw<double>({1, 0, 0, 1})), "pickle", "1"},
      {"graph pickle", graph_pickle, pickle_graph({{0, {1, 2}}, {1, {0}}}), "pickle", "2"},
      {"planetoid", planetoid_parts, eight, "planetoid"},
      {"integers", safetensors_file,
       safetensors(
           R"({"a":{"dtype":"I32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"U8","shape":[1,3],"data_offsets":[8,11]}})",
           raw<int32_t>({1, 2}) + "xyz"),
       "safetensors"},
      {"lightgcn text", lightgcn_text, "0 1 2\n1\n2 0 2 \n", "lightgcn"},
      {"lightgcn names", lightgcn_text, "ann tea rice\nbo\ttea\n", "lightgcn"},
      {"csv", csv_text, "user,item,stars,event,date\n7,\"a, \"\"b\"\"\",4.5,buy,2024-05-31 12:00:00Z\n8,c,1,view,2024-06-01\n",
       "csv"},
      {"csv without header", csv_text, "1;2;3;881250949\r\n1;5;4;881250950\r\n", "csv"},
      {"recbole", recbole_text, "user_id:token\titem_id:token\trating:float\n1\t2\t3\n", "recbole"},
      {"movielens", movielens_text, "1::1193::5::978300760\n1::661::3::978302109\n", "movielens"},
      {"item table", item_table, "sku,Name,\"kind, of\"\n1,\"Mill, \"\"small\"\"\",kitchen\n2,Oak,\n", "item_table"},
      {"recbole items", item_table, "item_id:token\ttitle:token_seq\tyear:float\n1\tHeat\t1995\n", "item_table"},
      {"gzip", gzip_file, gzip("0 1\n1 2\n") + gzip("2 3\n"), "gzip"},
  };
}

}  // namespace heddle::test
