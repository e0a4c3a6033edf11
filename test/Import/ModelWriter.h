// ModelWriter.h - writes small ONNX models, good and bad, for the tests of the reader.
// Each function gives the bytes of one message; field numbers are those of onnx.proto.
#pragma once
#include <protozero/pbf_writer.hpp>
#include <string>
#include <vector>

namespace cameo::onnx::test {

using Strings = std::vector<std::string>;

inline std::string opset(const std::string &domain, int64_t version) {
  std::string out;
  protozero::pbf_writer w(out);
  if (!domain.empty())
    w.add_string(1, domain);
  w.add_int64(2, version);
  return out;
}

struct NodeFields {
  std::string name = {}, domain = {}, overload = {};
  Strings attributes = {};
};
inline std::string node(const std::string &op, const Strings &inputs, const Strings &outputs,
                        const NodeFields &f = {}) {
  std::string out;
  protozero::pbf_writer w(out);
  for (const std::string &i : inputs)
    w.add_string(1, i);
  for (const std::string &o : outputs)
    w.add_string(2, o);
  if (!f.name.empty())
    w.add_string(3, f.name);
  w.add_string(4, op);
  for (const std::string &a : f.attributes)
    w.add_message(5, a);
  if (!f.domain.empty())
    w.add_string(7, f.domain);
  if (!f.overload.empty())
    w.add_string(8, f.overload);
  return out;
}

/// An attribute with its type field and no value.
inline std::string attributeHead(const std::string &name, int type) {
  std::string out;
  protozero::pbf_writer w(out);
  w.add_string(1, name);
  if (type)
    w.add_int32(20, type);
  return out;
}
inline std::string intAttribute(const std::string &name, int64_t value, int type = 2) {
  std::string out = attributeHead(name, type);
  protozero::pbf_writer(out).add_int64(3, value);
  return out;
}
inline std::string floatAttribute(const std::string &name, float value) {
  std::string out = attributeHead(name, 1);
  protozero::pbf_writer(out).add_float(2, value);
  return out;
}
inline std::string graphAttribute(const std::string &name, const std::string &graph) {
  std::string out = attributeHead(name, 5);
  protozero::pbf_writer(out).add_message(6, graph);
  return out;
}
inline std::string tensorAttribute(const std::string &name, const std::string &tensor) {
  std::string out = attributeHead(name, 4);
  protozero::pbf_writer(out).add_message(5, tensor);
  return out;
}
inline std::string referenceAttribute(const std::string &name, const std::string &refers, int type) {
  std::string out = attributeHead(name, type);
  protozero::pbf_writer(out).add_string(21, refers);
  return out;
}

/// A tensor without payload.
inline std::string tensorHead(const std::string &name, int type, const std::vector<int64_t> &dims) {
  std::string out;
  protozero::pbf_writer w(out);
  w.add_packed_int64(1, dims.begin(), dims.end());
  w.add_int32(2, type);
  w.add_string(8, name);
  return out;
}
inline std::string rawTensor(const std::string &name, int type, const std::vector<int64_t> &dims,
                             const std::string &bytes) {
  std::string out = tensorHead(name, type, dims);
  protozero::pbf_writer(out).add_bytes(9, bytes);
  return out;
}
inline std::string int64Tensor(const std::string &name, const std::vector<int64_t> &values) {
  std::string out = tensorHead(name, 7, {int64_t(values.size())});
  protozero::pbf_writer(out).add_packed_int64(7, values.begin(), values.end());
  return out;
}
inline std::string externalTensor(const std::string &name, const std::vector<int64_t> &dims,
                                  const std::vector<std::pair<std::string, std::string>> &entries) {
  std::string out = tensorHead(name, 1, dims);
  protozero::pbf_writer w(out);
  for (const auto &[key, value] : entries) {
    std::string entry;
    protozero::pbf_writer e(entry);
    e.add_string(1, key);
    e.add_string(2, value);
    w.add_message(13, entry);
  }
  w.add_int32(14, 1);
  return out;
}
inline std::string sparseTensor(const std::string &values, const std::string &indices,
                                const std::vector<int64_t> &dims) {
  std::string out;
  protozero::pbf_writer w(out);
  w.add_message(1, values);
  w.add_message(2, indices);
  w.add_packed_int64(3, dims.begin(), dims.end());
  return out;
}

/// A value of tensor type; a negative size becomes the dim_param "n".
inline std::string value(const std::string &name, const std::vector<int64_t> &dims = {2, 3}, int type = 1) {
  std::string shape;
  for (int64_t dim : dims) {
    std::string d;
    protozero::pbf_writer w(d);
    if (dim >= 0)
      w.add_int64(1, dim);
    else
      w.add_string(2, "n");
    protozero::pbf_writer(shape).add_message(1, d);
  }
  std::string tensor, typeProto, out;
  protozero::pbf_writer t(tensor);
  t.add_int32(1, type);
  t.add_message(2, shape);
  protozero::pbf_writer(typeProto).add_message(1, tensor);
  protozero::pbf_writer w(out);
  w.add_string(1, name);
  w.add_message(2, typeProto);
  return out;
}

struct GraphFields {
  Strings nodes = {}, inputs = {value("x")}, outputs = {value("y")}, initializers = {}, sparse = {};
};
inline std::string graph(const GraphFields &f) {
  std::string out;
  protozero::pbf_writer w(out);
  for (const std::string &n : f.nodes)
    w.add_message(1, n);
  w.add_string(2, "g");
  for (const std::string &t : f.initializers)
    w.add_message(5, t);
  for (const std::string &i : f.inputs)
    w.add_message(11, i);
  for (const std::string &o : f.outputs)
    w.add_message(12, o);
  for (const std::string &s : f.sparse)
    w.add_message(15, s);
  return out;
}

struct FunctionFields {
  std::string domain = "loc", name = "f";
  Strings inputs = {"a"}, outputs = {"b"}, attributes = {}, defaults = {}, nodes = {},
          opsets = {opset("", 17), opset("loc", 1)};
};
inline std::string function(const FunctionFields &f) {
  std::string out;
  protozero::pbf_writer w(out);
  w.add_string(1, f.name);
  for (const std::string &i : f.inputs)
    w.add_string(4, i);
  for (const std::string &o : f.outputs)
    w.add_string(5, o);
  for (const std::string &a : f.attributes)
    w.add_string(6, a);
  for (const std::string &n : f.nodes)
    w.add_message(7, n);
  for (const std::string &o : f.opsets)
    w.add_message(9, o);
  w.add_string(10, f.domain);
  for (const std::string &d : f.defaults)
    w.add_message(11, d);
  return out;
}

struct ModelFields {
  std::string graph = {};
  Strings opsets = {opset("", 17)};
  Strings functions = {};
  int64_t irVersion = 8;
};
inline std::string model(const ModelFields &f) {
  std::string out;
  protozero::pbf_writer w(out);
  w.add_int64(1, f.irVersion);
  w.add_message(7, f.graph);
  for (const std::string &o : f.opsets)
    w.add_message(8, o);
  for (const std::string &fn : f.functions)
    w.add_message(25, fn);
  return out;
}
/// A model of one graph with opset 17.
inline std::string model(const GraphFields &f) { return model(ModelFields{graph(f)}); }

} // namespace cameo::onnx::test
