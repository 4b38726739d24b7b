#include "tests/io/samples.h"

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

/// Opcodes as Python 3 writes them in one protocol.
class Python3Pickle {
 public:
  explicit Python3Pickle(int protocol) : protocol_(protocol) {}

  std::string whole(const std::string& code) const {
    const std::string head = "\x80" + std::string(1, static_cast<char>(protocol_));
    return head + (protocol_ < 4 ? "" : "\x95" + number(uint64_t{code.size() + 1})) + code + ".";
  }
  std::string text(const std::string& value) const {
    if (protocol_ < 4) return "X" + number(static_cast<uint32_t>(value.size())) + value;
    return "\x8c" + std::string(1, static_cast<char>(value.size())) + value + "\x94";
  }
  std::string global(const std::string& module, const std::string& name) const {
    return protocol_ < 4 ? "c" + module + "\n" + name + "\n" : text(module) + text(name) + "\x93\x94";
  }
  std::string raw_bytes(const std::string& value) const {
    if (protocol_ > 2) return "B" + number(static_cast<uint32_t>(value.size())) + value;
    std::string latin1;
    for (const char c : value) {
      const auto byte = static_cast<unsigned char>(c);
      if (byte < 0x80) {
        latin1 += c;
      } else {
        latin1 += {static_cast<char>(0xc0 | byte >> 6), static_cast<char>(0x80 | (byte & 0x3f))};
      }
    }
    return global("_codecs", "encode") + text(latin1) + text("latin1") + "\x86R";
  }
  std::string dtype(const std::string& name) const {
    return global("numpy", "dtype") + text(name) + "\x89\x88\x87R(K\3" + text("<") +
           bytes("NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tb");
  }
  std::string array(const std::string& shape, const std::string& type, const std::string& data) const {
    if (protocol_ == 5) {
      return global("numpy._core.numeric", "_frombuffer") + "(\x96" + number(uint64_t{data.size()}) + data + "\x94" +
             dtype(type) + shape + text("C") + "tR";
    }
    return global("numpy._core.multiarray", "_reconstruct") + global("numpy", "ndarray") + bytes("K\0\x85") + raw_bytes("b") +
           "\x87R(K\1" + shape + dtype(type) + "\x89" + raw_bytes(data) + "tb";
  }
  template <class T>
  std::string vector(const std::vector<T>& values, const char* type) const {
    return array(integer(static_cast<int>(values.size())) + "\x85", type, raw(values));
  }
  std::string csr(int rows, int cols, const std::vector<int32_t>& indptr, const std::vector<int32_t>& indices,
                  const std::vector<float>& data) const {
    return whole(global("scipy.sparse._csr", "csr_matrix") + ")\x81}(" + text("_shape") + integer(rows) + integer(cols) + "\x86" +
                 text("maxprint") + "K2" + text("indices") + vector(indices, "i4") + text("indptr") + vector(indptr, "i4") +
                 text("data") + vector(data, "f4") + "ub");
  }
  std::string matrix(int rows, int cols, const std::vector<int32_t>& values) const {
    return whole(array(integer(rows) + integer(cols) + "\x86", "i4", raw(values)));
  }
  /// Keys are numbers of NumPy's own.
  std::string graph(const std::vector<std::pair<int, std::vector<int>>>& lists) const {
    std::string code = global("collections", "defaultdict") + global("builtins", "list") + "\x85R(";
    for (const auto& [node, neighbours] : lists) {
      code += global("numpy._core.multiarray", "scalar") + dtype("i8") + raw_bytes(number(int64_t{node})) + "\x86R](";
      for (const int neighbour : neighbours) code += integer(neighbour);
      code += "e";
    }
    return whole(code + "u");
  }

 private:
  int protocol_;
};

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

std::string packed_xz() {
  return bytes(
      "\375\067\172\130\132\000\000\004\346\326\264\106\002\000\041\001\026\000\000\000\164\057\345\243"
      "\001\000\031\165\163\145\162\054\151\164\145\155\012\141\054\170\012\141\054\171\012\142\054\170"
      "\012\142\054\172\012\000\000\000\271\304\066\142\114\214\214\066\000\001\062\032\040\030\224\060"
      "\037\266\363\175\001\000\000\000\000\004\131\132");
}

std::string packed_bzip2() {
  return bytes(
      "\102\132\150\071\061\101\131\046\123\131\166\355\160\073\000\000\012\321\200\000\020\000\004\062"
      "\042\036\160\040\000\061\000\000\006\247\250\062\063\051\026\213\251\351\062\002\125\141\270\330"
      "\037\027\162\105\070\120\220\166\355\160\073");
}

std::string packed_zstd() {
  return bytes(
      "\050\265\057\375\044\032\321\000\000\165\163\145\162\054\151\164\145\155\012\141\054\170\012\141"
      "\054\171\012\142\054\170\012\142\054\172\012\275\347\122\277");
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

std::array<std::string, 8> tiny_planetoid_3(int protocol) {
  const Python3Pickle pickle(protocol);
  return {
      pickle.csr(2, 4, {0, 1, 3}, {0, 1, 2}, {1, 2, 3}),
      pickle.csr(3, 4, {0, 1, 2, 3}, {3, 2, 1}, {6, 30, 4}),
      pickle.csr(3, 4, {0, 1, 3, 6}, {0, 2, 1, 3, 0, 3}, {1, 3, 2, 0, 0.5f, 0.25f}),
      pickle.matrix(2, 2, {1, 0, 0, 1}),
      pickle.matrix(3, 2, {0, 1, 1, 0, 0, 1}),
      pickle.matrix(3, 2, {1, 0, 0, 1, 0, 0}),
      pickle.graph({{0, {1, 1, 2, 0}}, {1, {0}}, {6, {3}}, {2, {}}}),
      "6\n3\n4\n",
  };
}

std::string tiny_graphml() {
  return R"(<?xml version="1.0" encoding="UTF-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
<key id="c" for="node" attr.name="class" attr.type="int"/>
<key id="d0" for="node" attr.name="f0" attr.type="double"><default>0</default></key>
<key id="d1" for="node" attr.name="f1" attr.type="double"/>
<graph edgedefault="undirected">
<node id="0"><data key="c">0</data><data key="d0">1.5</data><data key="d1">2</data></node>
<node id="1"><data key="c">1</data><data key="d1">3</data></node>
<node id="2"><data key="c">1</data><data key="d0">-1</data><data key="d1">4</data></node>
<node id="3"><data key="d0">1</data><data key="d1">5</data></node>
<edge source="0" target="1"/><edge source="2" target="1"/><edge source="0" target="3"/>
</graph></graphml>
)";
}

std::string tiny_gexf() {
  return R"(<?xml version="1.0" encoding="UTF-8"?>
<gexf xmlns="http://gexf.net/1.3" version="1.3"><graph defaultedgetype="undirected">
<attributes class="node"><attribute id="c" title="class" type="integer"/>
<attribute id="a" title="f0" type="float"><default>0</default></attribute><attribute id="b" title="f1" type="float"/></attributes>
<nodes>
<node id="0" label="a"><attvalues><attvalue for="c" value="0"/><attvalue for="a" value="1.5"/><attvalue for="b" value="2"/></attvalues></node>
<node id="1" label="b"><attvalues><attvalue for="c" value="1"/><attvalue for="b" value="3"/></attvalues></node>
<node id="2"><attvalues><attvalue for="c" value="1"/><attvalue for="a" value="-1"/><attvalue for="b" value="4"/></attvalues></node>
<node id="3"><attvalues><attvalue for="a" value="1"/><attvalue for="b" value="5"/></attvalues></node>
</nodes>
<edges><edge id="0" source="0" target="1"/><edge id="1" source="2" target="1"/><edge id="2" source="0" target="3"/></edges>
</graph></gexf>
)";
}

std::string tiny_node_link() {
  return R"({"directed": false, "multigraph": false, "graph": {}, "nodes": [{"class": 0, "feat": [1.5, 2], "id": 0},
 {"class": 1, "feat": [0, 3], "id": 1}, {"class": 1, "feat": [-1, 4], "id": 2}, {"class": null, "feat": [1, 5], "id": 3}],
 "links": [{"source": 0, "target": 1}, {"source": 2, "target": 1}, {"source": 0, "target": 3}]}
)";
}

std::string tiny_matrix_market() { return "%%MatrixMarket matrix coordinate pattern symmetric\n% note\n4 4 3\n2 1\n3 2\n4 1\n"; }

std::string tiny_amazon_npz() {
  return zip({{"adj_data.npy", npy_of<float>({1, 1, 1, 1, 1, 1}, "(6,)")},
              {"adj_indices.npy", npy_of<int64_t>({1, 3, 0, 2, 1, 0}, "(6,)")},
              {"adj_indptr.npy", npy_of<int64_t>({0, 2, 4, 5, 6}, "(5,)")},
              {"adj_shape.npy", npy_of<int64_t>({4, 4}, "(2,)")},
              {"attr_data.npy", npy_of<float>({1.5f, 2, 3, 4, -1, 1, 5}, "(7,)")},
              {"attr_indices.npy", npy_of<int64_t>({0, 1, 1, 1, 0, 0, 1}, "(7,)")},
              {"attr_indptr.npy", npy_of<int64_t>({0, 2, 3, 5, 7}, "(5,)")},
              {"attr_shape.npy", npy_of<int64_t>({4, 2}, "(2,)")},
              {"labels.npy", npy_of<int64_t>({0, 1, 1, -1}, "(4,)")},
              {"class_names.npy", npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", "x")}});
}

std::string tiny_masked_npz() {
  return zip({{"node_features.npy", npy_of<float>({1.5f, 2, 0, 3, -1, 4, 1, 5}, "(4, 2)")},
              {"node_labels.npy", npy_of<int64_t>({0, 1, 1, -1}, "(4,)")},
              {"edges.npy", npy_of<int64_t>({0, 1, 2, 1, 0, 3}, "(3, 2)")},
              {"train_masks.npy", npy_of<uint8_t>({1, 0, 0, 0, 0, 1, 0, 0}, "(2, 4)")},
              {"val_masks.npy", npy_of<uint8_t>({0, 1, 0, 0, 1, 0, 0, 0}, "(2, 4)")},
              {"test_masks.npy", npy_of<uint8_t>({0, 0, 1, 0, 0, 0, 1, 0}, "(2, 4)")}});
}

std::string tiny_scipy_npz() {
  return zip({{"indices.npy", npy_of<int64_t>({2, 0, 1}, "(3,)")},
              {"indptr.npy", npy_of<int64_t>({0, 2, 3}, "(3,)")},
              {"format.npy", npy("{'descr': '|S3', 'fortran_order': False, 'shape': (), }", "csr")},
              {"shape.npy", npy_of<int64_t>({2, 3}, "(2,)")},
              {"data.npy", npy_of<float>({4, 5, 1}, "(3,)")}});
}

std::string tiny_citations() {
  return "31\t1\t0\tTheory\n12\t0\t1\tNets\n7\t1\t1\tNets\n99\t0\t0\tTheory\n----\n31\t12\n7\t12\n31\t99\n31\t5\n";
}

std::string tiny_dgl() {
  return "node_id,label,train_mask,val_mask,test_mask,feat\n0,0,True,False,False,\"1.5, 2\"\n1,1,False,True,False,\"0, 3\"\n"
         "2,1,False,False,True,\"-1, 4\"\n3,,False,False,False,\"1, 5\"\n----\nsrc_id,dst_id,weight\n0,1,1\n2,1,1\n0,3,1\n";
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
      {"labels of words", labels, "node,label,split\na,x,train\nb,y,\nc,,test\n", "labels"},
      {"edge list of words", edge_list, "source,target\nann,bo\n\"c, d\",ann\n", "edge_list"},
      {"sparse rows", sparse_rows, "a 1:0.5 3:2\nb\nc 2:1 # x\n", "sparse_rows"},
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
      {"csr pickle, protocol 2 of Python 3", csr_pickle, tiny_planetoid_3(2)[0], "pickle", "0"},
      {"csr pickle, protocol 4", csr_pickle, tiny_planetoid_3(4)[0], "pickle", "0"},
      {"csr pickle, protocol 5", csr_pickle, tiny_planetoid_3(5)[0], "pickle", "0"},
      {"matrix pickle, protocol 3", matrix_pickle, tiny_planetoid_3(3)[3], "pickle", "1"},
      {"graph pickle, protocol 4", graph_pickle, tiny_planetoid_3(4)[6], "pickle", "2"},
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
      {"zip", zip_member, zip({{"data/", ""}, {"data/ratings.csv", "user,item\n1,2\n"}, {"README.txt", "x"}}), "zip"},
      {"xz", compressed_file, packed_xz(), "compressed"},
      {"bzip2", compressed_file, packed_bzip2(), "compressed"},
      {"zstd", compressed_file, packed_zstd(), "compressed"},
      {"graphml", graphml, tiny_graphml(), "graphml"},
      {"gexf", gexf, tiny_gexf(), "gexf"},
      {"node-link", node_link, tiny_node_link(), "node_link"},
      {"matrix market", matrix_market, tiny_matrix_market(), "matrix_market"},
      {"amazon npz", npz_graph, tiny_amazon_npz(), "npz_graph"},
      {"masked npz", npz_graph, tiny_masked_npz(), "npz_graph"},
      {"scipy npz", npz_interactions, tiny_scipy_npz(), "npz_interactions"},
      {"citations", citations, tiny_citations(), "citations"},
      {"dgl", dgl, tiny_dgl(), "dgl"},
      {"json lines", json_records,
       "{\"user_id\": \"a\", \"business\": {\"item_id\": 7}, \"stars\": 4.5}\n{\"user_id\": \"b\", \"business\": {\"item_id\": "
       "8}, \"stars\": null}\n",
       "json_records"},
      {"json array", json_records,
       "[{\"user\": 1, \"item\": \"\\u00e9\", \"tags\": [1, {\"x\": 2}]}, {\"user\": 2, \"item\": \"z\"}]", "json_records"},
      {"item table", item_table, "sku,Name,\"kind, of\"\n1,\"Mill, \"\"small\"\"\",kitchen\n2,Oak,\n", "item_table"},
      {"recbole items", item_table, "item_id:token\ttitle:token_seq\tyear:float\n1\tHeat\t1995\n", "item_table"},
      {"gzip", gzip_file, gzip("0 1\n1 2\n") + gzip("2 3\n"), "gzip"},
  };
}

}  // namespace heddle::test
