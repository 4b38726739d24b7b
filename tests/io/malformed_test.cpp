#include <doctest/doctest.h>

#include <cmath>

#include "heddle/io.h"
#include "tests/io/readers.h"
#include "tests/io/samples.h"
#include "tests/support/temp_dir.h"

using namespace heddle;
using namespace heddle::test;

namespace {

/// A file that must not be read, and a part of the sentence that says why.
struct Malformed {
  Reader read;
  std::string content;
  const char* sentence;
};

std::string npy_floats(const std::string& shape, const std::string& data = "") {
  return npy("{'descr': '<f4', 'fortran_order': False, 'shape': " + shape + ", }", data);
}

std::string replace(std::string content, const std::string& from, const std::string& to) {
  const std::size_t at = content.find(from);
  REQUIRE(at != std::string::npos);
  return content.replace(at, from.size(), to);
}

void check(const std::vector<Malformed>& cases) {
  for (const Malformed& test : cases) {
    CAPTURE(std::string(test.sentence));
    std::string sentence = "(it was read)";
    try {
      test.read(test.content);
    } catch (const Error& error) {
      CHECK(error.kind() == ErrorKind::bad_data);
      sentence = error.what();
    }
    CAPTURE(sentence);
    CHECK(sentence.find(test.sentence) != std::string::npos);
    CHECK(sentence.starts_with("f"));
    CHECK(sentence.find('\n') == std::string::npos);
    CHECK(sentence.size() < 400);
  }
}

}  // namespace

TEST_CASE("io / malformed text: each file gives one sentence with its line") {
  check({
      {edge_list, "", "f is empty"},
      {edge_list, "# nothing\n\n", "f has no rows"},
      {edge_list, "u v\n", "f has no edges"},
      {edge_list, "0 1\n1\n", "f:2: found 1 column, the first row has 2"},
      {edge_list, "0 1 1 5\n", "f:1: an edge has two node ids and maybe a weight, found '0 1 1 5'"},
      {edge_list, "0 1\n1 2 3\n", "f:2: found 3 columns, the first row has 2"},
      {edge_list, "0 1\n1 2.5\n", "f:2: node id '2.5' is not an integer"},
      {edge_list, "0 -1\n", "f:1: node id '-1' is not between 0 and 2147483646"},
      {edge_list, "0 1 1e99\n", "f:1: weight '1e99' is not a finite float32 number"},
      {edge_list, "0 1 nan\n", "f has no edges"},
      {edge_list, "0 1 -inf\n", "f:1: weight '-inf' is not a finite"},
      {edge_list, "0 1 2x\n", "f:1: weight '2x' is not a number"},
      {edge_list, "0,,1\n", "f has no edges"},
      {edge_list, "0 1\n" + bytes("1 \0\xff\n"), "f:2: node id '\\x00\u00ff' holds a control character"},
      {edge_list, "0 1\n0 " + std::string(100000, '7'),
       "f:2: node id '7777777777777777777777777777777777777777…' has 100000 bytes, more than 4096"},
      {edge_list, "%%MatrixMarket matrix coordinate\n3 3 1\n1 2 1\n", "f is a Matrix Market file"},
      {matrix, "", "f is empty"},
      {matrix, "1 2\n3\n", "f:2: found 1 column, the first row has 2"},
      {matrix, "1 2\n3 x\n", "f:2: value 'x' is not a number"},
      {matrix, "1 2\n3 nan\n", "f:2: value 'nan' is not a finite float32 number"},
      {matrix, "1 2\n3 1e39\n", "f:2: value '1e39' is not a finite float32 number"},
      {matrix, "1,2\n3,\n", "f:2: column 2 is empty"},
      {labels, "", "f is empty"},
      {labels, "0\n-2\n", "f:2: label '-2' is not between -1 and"},
      {labels, "0\n1048576\n", "f:2: label '1048576' is not between"},
      {labels, "0\n1.5\n", "f:2: label '1.5' is not an integer"},
      {labels, "0 1\n", "f:1: a line holds one label, found '0 1'"},
      {sparse_rows, "", "f is empty"},
      {sparse_rows, "1:2\n2:1\n3 4:1\n", "f:3: '3' is no column:value"},
      {sparse_rows, "0 1:2\n1:1\n", "f:2: there is nothing before '1:1', and in the lines above there is"},
      {sparse_rows, "0 1:2\n1 1:x\n", "f:2: value 'x' is not a number"},
      {sparse_rows, "0 99999999999:2\n", "f:1: column 99999999999 is more than"},
      {ids, "0\n10\n", "f:2: node id '10' is not between 0 and 9"},
      {ids, "3\n1\n3\n", "f:3: node 3 stands in line 1 already"},
      {ids, "id\nx\n", "f:2: node id 'x' is not a number"},
  });
}

TEST_CASE("io / malformed interactions: each file gives one sentence with its line") {
  const std::string header = "user,item,rating,time\n";
  const std::string typed = "user_id:token\titem_id:token\n";
  check({
      {lightgcn_text, "", "f is empty"},
      {lightgcn_text, "0\n1\n", "f has no interactions"},
      {lightgcn_text, "0 1\n" + bytes("1 a\0b\n"), "f:2: item id 'a\\x00b' holds a control character"},
      {lightgcn_text, "0 1\n" + std::string(5000, 'u') + " 1\n",
       "f:2: user id 'uuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuu…' has 5000 bytes"},
      {csv_text, "", "f is empty"},
      {csv_text, header, "f has no interactions"},
      {csv_text, "name,thing\na,b\n", "f:1: no column is known for the user among 'name', 'thing'; name or number it"},
      {csv_text, "user,thing\na,b\n", "f:1: no column is known for the item among 'user', 'thing'"},
      {csv_text, "12\n", "f:1: no column is known for the item among '12'"},
      {csv_text, header + "1,2,3,4\n1,2\n", "f:3: found 2 columns, the header has 4; --ragged skip leaves such rows out"},
      {exact_csv_text, header + "1,,3,4\n", "f:2: the item is empty; --missing skip leaves such rows out"},
      {exact_csv_text, header + "\"\",2,3,4\n", "f:2: the user is empty"},
      {exact_csv_text, header + "NULL,2,3,4\n", "f:2: the user is 'NULL'"},
      {csv_text, header + "NA,2,3,4\n", "f has no interactions: no user id in 1 row"},
      {exact_csv_text, header + "1,2,nan,4\n", "f:2: the rating is empty"},
      {exact_csv_text, header + "1,2,1e39,4\n", "f:2: rating '1e39' is not a finite float32 number"},
      {exact_csv_text, header + "1,2,good,4\n", "f:2: rating 'good' is not a number"},
      {exact_csv_text, header + "1,2,,4\n", "f:2: the rating is empty"},
      {exact_csv_text, header + "1,2,3,inf\n", "f:2: time 'inf' is not a finite number"},
      {exact_csv_text, header + "1,2,3,2024-13-01\n", "f:2: time '2024-13-01' is neither a number nor a date"},
      {exact_csv_text, header + "1,2,3,2024-12-01 25:00\n", "f:2: time '2024-12-01 25:00' is neither"},
      {csv_text, header + "\"1\",\"2\",3,4\n1,\"2,3,4\n", "f:3: a quoted field does not end"},
      {csv_text, "user,name,item\n2,Mug, blue,7\n", "f:2: found 4 columns, the header has 3"},
      {csv_text, header + "1,\"a\nb\",3,4\n", "f:2: item id 'a\\x0ab' holds a control character"},
      {recbole_text, "user_id\titem_id\n1\t2\n", "f:1: column 'user_id' is not NAME:TYPE with a type token"},
      {recbole_text, "user_id:token\titem_id:word\n", "f:1: column 'item_id:word' is not NAME:TYPE"},
      {recbole_text, "user_id:token\tx:token\n1\t2\n", "f:1: no column is known for the item among 'user_id', 'x'"},
      {recbole_text, typed, "f has no interactions"},
      {recbole_text, typed + "1\n", "f:2: found 1 column, the header has 2"},
      {movielens_text, "1::2::3\n", "f:1: there is no column '4' for the time; the first row has 3 columns and is no header"},
      {movielens_text, "1::2::3::4\n1::2\n", "f:2: found 2 columns, the first row has 4"},
      {movielens_text, "1::2::x::4\n", "f:1: rating 'x' is not a number"},
  });
}

TEST_CASE("io / malformed npy and npz: each file gives one sentence") {
  std::string ones;
  for (int i = 0; i < 65; ++i) ones += "1,";
  check({
      {npy_file, "", "is not a .npy file"},
      {npy_file, bytes("\x93NUMP"), "is not a .npy file"},
      {npy_file, bytes("\x93NUMPY\4\0\1\0{"), "npy version 4"},
      {npy_file, bytes("\x93NUMPY\2\0\xff\xff\xff\xff{"), "the header of 4294967295 bytes does not fit in a file of 13"},
      {npy_file, npy("", ""), "character 0: '{' is missing"},
      {npy_file, npy("{'descr': '<f4', 'shape': (1,)}", "1234"), "descr, fortran_order or shape is missing"},
      {npy_file, npy("{'descr': '<f4', 'descr': '<f4'}", ""), "key 'descr' is unknown or repeated"},
      {npy_file, npy("{'descr': '<f4' 'shape': ()}", ""), "a comma is missing"},
      {npy_file, npy("{'descr': '<f4", ""), "a string does not end"},
      {npy_file, npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': ()}", ""), "structured types are refused"},
      {npy_file, npy("{'descr': '<f4', 'fortran_order': 1, 'shape': ()}", ""), "neither True nor False"},
      {npy_file, npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2)} x", ""), "something follows the dict"},
      {npy_file, npy_floats("(-1,)"), "a size of the shape is not a number"},
      {npy_file, npy_floats("(99999999999999999999,)"), "does not fit in 64 bits"},
      {npy_file, npy_floats("(" + ones + ")"), "the shape has 65 dimensions, more than 64"},
      {npy_file, npy_floats("(4294967296, 4294967296, 4294967296)"), "does not match the 0 bytes after the header"},
      {npy_file, npy_floats("(1073741824,)", "1234"), "shape (1073741824) of 4-byte elements does not match the 4 bytes"},
      {npy_file, npy_floats("(1,)", "12345"), "does not match the 5 bytes"},
      {npy_file, npy_floats("(2,)", "12345"), "does not match the 5 bytes"},
      {npy_file, npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,)}", "12345678"), "dtype '|O' is not read"},
      {npy_file, npy("{'descr': '>f4', 'fortran_order': False, 'shape': (1,)}", "1234"), "dtype '>f4' is not read"},
      {npy_file, npy("{'descr': '>U4', 'fortran_order': False, 'shape': (1,)}", ""), "dtype '>U4' is not read"},
      {npy_file, npy("{'descr': '<U1', 'fortran_order': False, 'shape': (1,)}", bytes("\0\xD8\0\0")),
       "element 0 has the number 55296"},
      {npy_file, npy("{'descr': '<c8', 'fortran_order': False, 'shape': (1,)}", ""), "dtype '<c8' is not read"},
      {npy_file, npy("{'descr': '|S0', 'fortran_order': False, 'shape': (99999999999,)}", ""), "dtype '|S0' is not read"},
      {npy_file, npy("{'descr': '|S99999999999', 'fortran_order': False, 'shape': (1,)}", ""), "is not read"},
      {npy_file, npy("{'descr': '<u8', 'fortran_order': False, 'shape': (1,)}", std::string(8, '\xff')),
       "element 0 is 18446744073709551615, past the largest int64"},
      {npz_file, "", "f is empty, not a .npz archive"},
      {npz_file, "PK\3\4 and nothing", "is not a .npz archive"},
      {npz_file, zip({{"a.txt", "hello"}}), "entry 'a.txt' is not a .npy file"},
      {npz_file, zip({{"a.npy", "hello"}}), "entry 'a.npy' is not a .npy file"},
      {npz_file, zip({{"a.npy", npy_floats("(1,)", "1234")}, {"a.npy", npy_floats("(1,)", "1234")}}), "f"},
      {npz_file, replace(zip({{"a.npy", npy_floats("(1,)", "1234")}}), "1234", "1235"), "entry 'a.npy': CRC error"},
  });
}

TEST_CASE("io / malformed safetensors: each file gives one sentence") {
  const auto one = [](const std::string& fields) { return safetensors("{\"w\":{" + fields + "}}", raw<float>({1, 2})); };
  check({
      {safetensors_file, "", "is an empty file, not a safetensors file"},
      {safetensors_file, "user,item\nm\xc3\xbcller,7\n", "is a text file, not a safetensors file"},
      {safetensors_file, "user,item\nm\xfcller,7\n", "is a text file, not a safetensors file"},
      {safetensors_file, "{\"a\": [1, 2, 3]}", "is a JSON file (a record an object), not a safetensors file"},
      {safetensors_file, bytes("\x1f\x8b\x08\0\0\0\0\0\0\0"), "is gzip-compressed, not a safetensors file"},
      {safetensors_file, bytes("PK\x03\x04\x14\0\0\0\0\0"), "is a zip archive, not a safetensors file"},
      {safetensors_file, bytes("\x93NUMPY\1\0\x76\0{"), "is a NumPy array, not a safetensors file"},
      {safetensors_file, bytes("\1\2\3"), "is not a safetensors file, or cut off: it has 3 bytes"},
      {safetensors_file, bytes("\0\0\0\0\1\0\0\0{}"),
       "f is damaged: its header would have 4294967296 bytes, one has at most 16777216"},
      {safetensors_file, std::string(8, '\xff') + "{}", "f is damaged: its header would have 18446744073709551615 bytes"},
      {safetensors_file, bytes("\100\0\0\0\0\0\0\0{}"), "f is cut off: its header has 64 bytes, and the file 10 in all"},
      {safetensors_file, safetensors("", ""), "f is damaged: its header is no JSON at byte "},
      {safetensors_file, safetensors("{\"w\":", ""), "f is damaged: its header is no JSON at byte "},
      {safetensors_file, safetensors("[]", ""), "f is damaged: its header is not a JSON object"},
      {safetensors_file, safetensors(std::string(100000, '['), ""), "its header is not a JSON object"},
      {safetensors_file, safetensors(R"({"w":{"shape":)" + std::string(100000, '['), ""), "nests deeper"},
      {safetensors_file, safetensors(R"({"__metadata__":{"a":"","a":""}})", ""), "metadata 'a' comes twice"},
      {safetensors_file, one(R"("dtype":"F32","dtype":"I32","shape":[2],"data_offsets":[0,8])"), "tensor 'w' has dtype twice"},
      {safetensors_file, safetensors("{\"w\":1}", ""), "tensor 'w' lacks dtype, shape or data_offsets"},
      {safetensors_file,
       safetensors(
           R"({"w":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},"w":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}})", ""),
       "tensor 'w' comes twice"},
      {safetensors_file, one(R"("dtype":"F16","shape":[4],"data_offsets":[0,8])"),
       "tensor 'w' has dtype 'F16', only F32, I32, I64 and U8 are read"},
      {safetensors_file, one(R"("dtype":7,"shape":[4],"data_offsets":[0,8])"), "has dtype '?'"},
      {safetensors_file, one(R"("dtype":"F32","shape":[1,1,2],"data_offsets":[0,8])"),
       "shape (1, 1, 2), more than two dimensions"},
      {safetensors_file, one(R"("dtype":"F32","shape":[-2],"data_offsets":[0,8])"), "are not lists of sizes"},
      {safetensors_file, one(R"("dtype":"F32","shape":"2","data_offsets":[0,8])"), "are not lists of sizes"},
      {safetensors_file, one(R"("dtype":"F32","shape":[2],"data_offsets":[0])"), "are not lists of sizes"},
      {safetensors_file, one(R"("dtype":"F32","shape":[3],"data_offsets":[0,8])"), "of shape (3) stands in bytes 0 to 8"},
      {safetensors_file, one(R"("dtype":"F32","shape":[2],"data_offsets":[8,0])"), "stands in bytes 8 to 0"},
      {safetensors_file, one(R"("dtype":"F32","shape":[2],"data_offsets":[4,12])"),
       "stands in bytes 4 to 12 of 8, expected from 0"},
      {safetensors_file, one(R"("dtype":"F32","shape":[1073741824],"data_offsets":[0,4294967296])"),
       "f is cut off: tensor 'w' stands in bytes 0 to 4294967296 behind the header, where there are 8"},
      {safetensors_file, one(R"("dtype":"F32","shape":[4611686018427387904,2],"data_offsets":[0,8])"), "stands in bytes 0 to 8"},
      {safetensors_file, one(R"("dtype":"F32","shape":[1],"data_offsets":[0,4])"),
       "f is damaged: behind its last tensor, which ends at byte 4, it goes on to 8"},
      {safetensors_file, safetensors(R"({"__metadata__":1})", ""), "its metadata are not an object"},
      {safetensors_file, safetensors(R"({"__metadata__":{"a":1}})", ""), "metadata 'a' is not a string"},
      {safetensors_file, safetensors(R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", raw<float>({1, NAN})),
       "tensor 'w', element 1 is nan"},
  });
}

TEST_CASE("io / malformed pickles: each file gives one sentence with its byte, and nothing is run") {
  const std::string csr = pickle_csr(1, 2, {0, 1}, {1}, {3});
  const std::string dense = pickle_matrix(1, 2, "i4", raw<int32_t>({1, 0}));
  check({
      {csr_pickle, "", "byte 0: the file is truncated"},
      {csr_pickle, "cos\nsystem\n(S'echo harm'\ntR.", "byte 0: class 'os' 'system' is refused"},
      {csr_pickle, "\x80\2" + bytes("c__builtin__\neval\nU\1x\x85R."), "byte 2: class '__builtin__' 'eval' is refused"},
      {csr_pickle, "\x80\2" + bytes("cnumpy\nload\n."), "class 'numpy' 'load' is refused"},
      {csr_pickle, bytes("\x80\6N."), "pickle protocol 6 is none of 2 to 5"},
      {csr_pickle, bytes("\x80\1N."), "pickle protocol 1 is none of 2 to 5"},
      {csr_pickle, bytes("\x80\2\x92."), "byte 2: opcode 0x92 is refused"},
      {csr_pickle, bytes("\x80\4\x8c\2os\x8c\6system\x93)R."), "byte 14: class 'os' 'system' is refused"},
      {csr_pickle,
       bytes("\x80\4\x8c\x8"
             "builtins\x8c\4eval\x93."),
       "class 'builtins' 'eval' is refused"},
      {csr_pickle, bytes("\x80\4K\1K\2\x93."), "the name of a class is not a text"},
      {csr_pickle, bytes("\x80\4\x95\1\0"), "the file is truncated: a number needs 8 bytes"},
      {csr_pickle, bytes("\x80\2c_codecs\nencode\nX\1\0\0\0xX\5\0\0\0utf-8\x86R."), "other than latin1"},
      {csr_pickle, bytes("\x80\2c_codecs\nencode\nX\3\0\0\0\xe2\x82\xacX\6\0\0\0latin1\x86R."), "holds other characters"},
      {csr_pickle, bytes("\x80\2cnumpy.core.multiarray\nscalar\ncnumpy\ndtype\nU\2f4\x85RU\4abcd\x86R."), "is not a whole one"},
      {csr_pickle, bytes("\x80\2cnumpy.core.multiarray\nscalar\ncnumpy\ndtype\nU\2i4\x85RU\3abc\x86R."),
       "not the bytes of its dtype"},
      {csr_pickle, bytes("\x80\5cnumpy.core.numeric\n_frombuffer\n(NNNNtR."), "not what NumPy writes"},
      {csr_pickle, bytes("\x80\2T\xff\xff\xff\xff."),
       "byte 2: the file is truncated: a string needs 4294967295 bytes, there is 1 left"},
      {csr_pickle, bytes("\x80\2r\xff\xff\xff\xff."), "memo entry 4294967295 follows 0 entries"},
      {csr_pickle, bytes("\x80\2h\7."), "memo entry 7 does not exist"},
      {csr_pickle, bytes("\x80\2cnumpy"), "a class name does not end"},
      {csr_pickle, bytes("\x80\2."), "needs a value that the stack does not have"},
      {csr_pickle, bytes("\x80\2(\x85."), "needs a value that the stack does not have"},
      {csr_pickle, bytes("\x80\2t."), "needs a mark"},
      {csr_pickle, bytes("\x80\2NN."), "more than one value"},
      {csr_pickle, bytes("\x80\2N.N"), "the pickle ends 1 byte before the file"},
      {csr_pickle, bytes("\x80\2N."), "is not a csr_matrix"},
      {csr_pickle, bytes("\x80\2NNb."), "does not take it"},
      {csr_pickle, bytes("\x80\2N)R."), "a call of something"},
      {csr_pickle, bytes("\x80\2N)\x81."), "a class other than csr_matrix"},
      {csr_pickle, bytes("\x80\2K\1K\2a."), "appended to something that is not a list"},
      {csr_pickle, bytes("\x80\2}(K\1u."), "a dict key has no value"},
      {csr_pickle, bytes("\x80\2\x8a\11"), "an integer has 9 bytes"},
      {csr_pickle, bytes("\x80\2cscipy.sparse.csr\ncsr_matrix\n)\x81."), "csr_matrix has no attributes"},
      {csr_pickle, dense, "is not a csr_matrix"},
      {csr_pickle, replace(csr, "_shape", "_spahe"), "csr_matrix has no _shape"},
      {csr_pickle, replace(csr, "indptr", "indprt"), "csr_matrix has no array 'indptr'"},
      {csr_pickle, replace(csr, "U\2f4", "U\2f2"), "dtype 'f2' is none of f4"},
      {csr_pickle, replace(csr, "U\2f4", "U\2O8"), "dtype 'O8' is none of f4"},
      {csr_pickle, replace(csr, "U\2i4", "U\2f4"), "indptr or indices are not integers"},
      {csr_pickle, replace(csr, "U\1<", "U\1>"), "byte order '>' is not little endian"},
      {csr_pickle, replace(csr, "K\3U\1<N", "K\3U\1<K\1"), "fields or a subarray is refused"},
      {csr_pickle, pickle_csr(2, 2, {0, 1}, {1}, {3}), "2 rows, but indptr has 2 entries"},
      {csr_pickle, pickle_csr(-1, 2, {}, {}, {}), "_shape holds something that is not a size"},
      {csr_pickle, pickle_csr(1, 2, {0, 2}, {1}, {3}), "indptr runs from 0 to 2, indices has 1 entry"},
      {csr_pickle, pickle_csr(1, 2, {0, 1}, {1}, {3, 4}), "indices has 1 entry, data has 2"},
      {csr_pickle, pickle_csr(2, 2, {0, 7, 1}, {1}, {3}), "indptr goes from 0 to 7 at row 0"},
      {csr_pickle, pickle_csr(3, 2, {0, 1, 0, 1}, {1}, {3}), "indptr goes from 1 to 0 at row 1"},
      {csr_pickle, pickle_csr(1, 2, {0, 1}, {2}, {3}), "row 0 names column 2, there are 2"},
      {csr_pickle, pickle_csr(1, 2, {0, 1}, {-1}, {3}), "row 0 names column -1"},
      {csr_pickle, pickle_csr(1, 2, {0, 1}, {1}, {NAN}), "row 0, column 1 is nan"},
      {csr_pickle, pickle_csr(1, 2, {0, 1}, {1}, {INFINITY}), "row 0, column 1 is inf"},
      {matrix_pickle, csr, "is not an ndarray"},
      {matrix_pickle, pickle_matrix(1, 3, "i4", raw<int32_t>({1, 0})), "shape (1, 3) and 4 bytes an element holds 8 bytes"},
      {matrix_pickle, pickle_matrix(-1, -2, "i4", raw<int32_t>({1, 0})), "not a size"},
      {matrix_pickle, pickle_matrix(1000000000, 0, "i4", ""), "is not a matrix with columns"},
      {matrix_pickle, pickle_matrix(2147483647, 2147483647, "f8", ""), "holds 0 bytes"},
      {graph_pickle, dense, "is not a dict"},
      {graph_pickle, bytes("\x80\2}(U\1a]u."), "a key of the dict is not an integer"},
      {graph_pickle, bytes("\x80\2}(K\1K\2u."), "node 1 has something that is not a list"},
      {graph_pickle, bytes("\x80\2}(K\1](U\1aeu."), "a neighbour of node 1 is not an integer"},
      {graph_pickle, bytes("\x80\2}(K\1]q\0K\2h\0u."), "two nodes share one list"},
      {graph_pickle, bytes("\x80\2ccollections\ndefaultdict\nN\x85R."), "a defaultdict makes something that is not a list"},
  });
}

TEST_CASE("io / malformed planetoid: parts that do not fit together are refused by name") {
  using namespace io::detail;
  const struct {
    PlanetoidPart part;
    std::string content;
    const char* sentence;
  } cases[] = {
      {part_x, pickle_csr(2, 5, {0, 0, 0}, {}, {}), "x has 5 columns, allx has 4"},
      {part_x, pickle_csr(1, 4, {0, 0}, {}, {}), "y has 2 rows, x has 1"},
      {part_tx, pickle_csr(2, 4, {0, 0, 0}, {}, {}), "ty has 3 rows, tx has 2"},
      {part_allx, pickle_csr(1, 4, {0, 0}, {}, {}), "ally has 3 rows, allx has 1"},
      {part_ty, pickle_matrix(3, 3, "i4", std::string(36, '\0')), "ty: 3 classes, but the files before have 2"},
      {part_y, pickle_matrix(2, 2, "f8", raw<double>({NAN, 0, 0, 1})), "y: row 0, column 0 is nan"},
      {part_y, pickle_matrix(2, 2, "i4", raw<int32_t>({1, 0, -1, 1})), "y: row 1, column 0 is -1"},
      {part_test_index, "", "test.index has 0 ids, tx has 3"},
      {part_test_index, "3\n4\n", "test.index has 2 ids, tx has 3 rows"},
      {part_test_index, "3\n4\n4\n", "test.index:3: node 4 stands in an earlier line"},
      {part_test_index, "3\n4\n2\n", "test.index:3: node id '2' is not between 3"},
      {part_test_index, "3\n4\nx\n", "test.index:3: node id 'x' is not a number"},
      {part_test_index, "4\n5\n6\n", "the smallest id is 4, but allx has 3 rows"},
      {part_test_index, "3\n4\n2147483646\n", "run up to 2147483646, which leaves too many out"},
      {part_graph, pickle_graph({}), "graph has no edges"},
      {part_graph, pickle_graph({{0, {7}}}), "graph: node 0 lists 7, but there are 7 nodes"},
      {part_graph, pickle_graph({{-1, {0}}}), "graph: node -1 lists 0"},
  };
  for (const auto& test : cases) {
    auto contents = tiny_planetoid();
    contents[test.part] = test.content;
    CHECK_THROWS_WITH_AS(parse_planetoid(parts_of(contents), ""), doctest::Contains(test.sentence), Error);
  }
}

TEST_CASE("io / malformed folders and single files: the sentence names the file") {
  const struct {
    std::vector<std::pair<const char*, std::string>> files;
    const char* sentence;
  } cases[] = {
      {{{"edges.txt", ""}}, "edges.txt is empty"},
      {{{"edges.txt", "0 1\n"}, {"edges.csv", "0,1\n"}}, "has two files with edges: edges.csv and edges.txt"},
      {{{"edges.txt", "0 1\n"}, {"labels.csv", "0\n"}, {"labels.txt.gz", "0\n"}}, "two files with labels"},
      {{{"edges.txt", "0 1\n"}, {"features.csv", "1 2\n"}}, "edges.txt:1: node id 1 is too large"},
      {{{"edges.txt", "0 1\n"}, {"labels.txt", "1\n"}}, "labels.txt has 1 node"},
      {{{"edges.txt", "0 1\n"}, {"features.csv", "1\n2\n3\n"}, {"labels.txt", "1\n0\n"}}, "features.csv has 3 rows, "},
      {{{"edges.txt", "0 1\n"}, {"labels.txt", "1\n-1\n"}, {"train.txt", "0\n1\n"}}, "train.txt:2: node 1 has no label"},
      {{{"edges.txt", "0 1\n"}, {"train.txt", "0\n"}}, "train.txt:1: node 0 has no label"},
      {{{"edges.txt", "0 1\n"}, {"labels.txt", "1\n1\n"}, {"train.txt", "0\n"}, {"val.txt", "1\n0\n"}},
       "val.txt:2: node 0 stands in train.txt too"},
      {{{"edges.txt", "0 1\n"}, {"features.npy", npy_floats("(2,)", std::string(8, '\0'))}},
       "shape (2) is not (nodes, features)"},
      {{{"edges.txt", "0 1\n"}, {"features.npy", npy_floats("(1000000000000, 0)")}}, "is not (nodes, features)"},
      {{{"edges.txt", "0 1\n"}, {"features.npy", npy_floats("(2, 2)", raw<float>({0, 1, 2, NAN}))}},
       "features.npy: row 1, column 1 is nan"},
      {{{"edges.txt", "0 1\n"},
        {"features.npy", npy("{'descr': '<f8', 'fortran_order': False, 'shape': (2, 1)}", raw<double>({1, 1e300}))}},
       "features.npy: row 1, column 0 is inf as float32"},
      {{{"edges.txt", "0 1\n"}, {"features.npy", npy("{'descr': '|S1', 'fortran_order': False, 'shape': (2, 1)}", "ab")}},
       "features are text"},
      {{{"edges.txt", "0 1\n"}, {"labels.npy", npy_floats("(2, 1, 1)", std::string(8, '\0'))}},
       "labels.npy of shape (2, 1, 1) does not hold a label a node"},
      {{{"edges.txt", "0 1\n"}, {"labels.npy", npy_floats("(2,)", raw<float>({0, 0.5f}))}},
       "labels.npy: label 0.5 of node 1 is not a whole number"},
      {{{"edges.txt", "0 1\n"},
        {"labels.npy", npy("{'descr': '<i8', 'fortran_order': False, 'shape': (2,)}", raw<int64_t>({0, -5}))}},
       "labels.npy: label -5 of node 1 is not a whole number between -1 and"},
      {{{"edges.txt", bytes("\x1f\x8b\x08")}}, "edges.txt: byte 3: the gzip stream is truncated"},
  };
  for (const auto& test : cases) {
    const TempDir folder;
    for (const auto& [name, content] : test.files) folder.write(name, content);
    CHECK_THROWS_WITH_AS(io::load(folder.path().string()), doctest::Contains(test.sentence), Error);
  }
  const TempDir folder;
  CHECK_THROWS_WITH_AS(io::load(folder.write("a.edges", "")), doctest::Contains("a.edges is empty"), Error);
  CHECK_THROWS_WITH_AS(io::load(folder.write("c.npz", zip({{"a.npy", ""}}))),
                       doctest::Contains("c.npz has neither an adjacency matrix"), Error);
  std::filesystem::create_directory(folder.file("edges.txt"));
  std::filesystem::remove(folder.file("a.edges"));
  CHECK_THROWS_WITH_AS(io::load(folder.path().string()), doctest::Contains("edges.txt: it is a folder"), Error);
}
