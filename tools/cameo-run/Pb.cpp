// Pb.cpp - ONNX TensorProto files (input_0.pb) as they come with models' test data.
#include "cameo-run/Files.h"
#include "cameo-run/Protozero.h"
#include "cameo-run/UserError.h"
#include <algorithm>
#include <cstring>

namespace cameo::run {
namespace {

/// Field numbers of onnx.TensorProto.
enum Field {
  Dims = 1,
  DataType = 2,
  FloatData = 4,
  Int32Data = 5,
  StringData = 6,
  Int64Data = 7,
  RawData = 9,
  DoubleData = 10,
  Uint64Data = 11,
  ExternalData = 13,
  DataLocation = 14
};

class TensorReader {
public:
  TensorReader(const MappedFile &file, std::string path) : path(std::move(path)), message(bytesOf(file), file.size()) {}

  Tensor read() {
    readScalars();
    if (!cameo_dtype_bits(dtype))
      refuse("element type " + std::to_string(dtype) + " is not one that programs take");
    if (isExternal)
      refuse("its data is in another file; expected a tensor that holds its data");
    if (dtype == CAMEO_STRING)
      return Tensor(readTexts(), dims, escaped(path));
    // No more memory is asked for than the file can fill.
    uint64_t needed = cameo_tensor_bytes(dtype, dims.data(), uint32_t(dims.size()));
    bool isPossible = needed != UINT64_MAX;
    if (isPossible && raw.size() && raw.size() != needed)
      refuse("raw_data has " + std::to_string(raw.size()) + " bytes, shape " + shapeText(dims.data(), dims.size()) +
             " needs " + std::to_string(needed));
    if (isPossible && !raw.size() && needed / unitBytes() > message.length())
      refuse("its shape " + shapeText(dims.data(), dims.size()) + " needs more values than the file can hold");
    Tensor tensor(dtype, dims, escaped(path));
    if (raw.size()) {
      memcpy(tensor.data.get(), raw.data(), raw.size());
    } else {
      readValues(tensor);
    }
    return tensor;
  }

private:
  [[noreturn]] void refuse(const std::string &reason) const {
    throw UserError("E-PARSE", BadInput, escaped(path) + ": " + reason);
  }
  static const char *bytesOf(const MappedFile &file) { return reinterpret_cast<const char *>(file.data()); }

  void readScalars() {
    protozero::pbf_reader fields = message;
    while (fields.next()) {
      switch (fields.tag()) {
      case Dims:
        if (fields.wire_type() == protozero::pbf_wire_type::length_delimited) {
          for (int64_t d : fields.get_packed_int64())
            addDim(d);
        } else {
          addDim(fields.get_int64());
        }
        break;
      case DataType:
        dtype = uint32_t(fields.get_int32());
        break;
      case RawData:
        raw = fields.get_view();
        break;
      case ExternalData:
        isExternal = true;
        fields.skip();
        break;
      case DataLocation:
        isExternal |= fields.get_enum() != 0;
        break;
      default:
        fields.skip();
      }
    }
  }

  void addDim(int64_t size) {
    dims.push_back(size);
    if (dims.size() > CAMEO_MAX_RANK)
      refuse("it has more than " + std::to_string(CAMEO_MAX_RANK) + " axes");
  }

  std::vector<std::string> readTexts() {
    std::vector<std::string> texts;
    protozero::pbf_reader fields = message;
    while (fields.next(StringData))
      texts.push_back(fields.get_string());
    return texts;
  }

  /// Values in the typed fields; floats of 16 bits or less are stored as their bits in int32_data, and what shares a
  /// byte shares an entry.
  void readValues(Tensor &tensor) {
    protozero::pbf_reader fields = message;
    while (fields.next()) {
      bool isPacked = fields.wire_type() == protozero::pbf_wire_type::length_delimited;
      auto each = [&](auto packed, auto single, auto store) {
        if (isPacked) {
          for (auto value : packed())
            store(value);
        } else {
          store(single());
        }
      };
      switch (fields.tag()) {
      case FloatData:
        each([&] { return fields.get_packed_float(); }, [&] { return fields.get_float(); },
             [&](float v) { append(tensor, v, CAMEO_F32); });
        break;
      case DoubleData:
        each([&] { return fields.get_packed_double(); }, [&] { return fields.get_double(); },
             [&](double v) { append(tensor, v, CAMEO_F64); });
        break;
      case Int32Data:
        each([&] { return fields.get_packed_int32(); }, [&] { return fields.get_int32(); },
             [&](int32_t v) { append(tensor, v, CAMEO_I32); });
        break;
      case Int64Data:
        each([&] { return fields.get_packed_int64(); }, [&] { return fields.get_int64(); },
             [&](int64_t v) { append(tensor, v, CAMEO_I64); });
        break;
      case Uint64Data:
        each([&] { return fields.get_packed_uint64(); }, [&] { return fields.get_uint64(); },
             [&](uint64_t v) { append(tensor, v, CAMEO_U64); });
        break;
      default:
        fields.skip();
      }
    }
    if (used != tensor.bytes())
      refuse("it has " + std::to_string(used / unitBytes()) + " values, shape " + shapeText(dims.data(), dims.size()) +
             " needs " + std::to_string(tensor.bytes() / unitBytes()));
  }

  /// The low bytes of an integer, or a float as it is: every element type is stored in a field at least as wide as
  /// itself.
  template <typename T> void append(Tensor &tensor, T value, uint32_t field) {
    bool isFloatField = field == CAMEO_F32 || field == CAMEO_F64;
    if (isFloatField ? field != dtype : dtype == CAMEO_F32 || dtype == CAMEO_F64)
      refuse("its values are in the field of another element type than " + std::string(cameo_dtype_name(dtype)));
    uint64_t bytes = unitBytes();
    if (bytes > sizeof(T))
      refuse("its values are in a field too narrow for " + std::string(cameo_dtype_name(dtype)));
    if (used == tensor.bytes())
      refuse("it has more values than its shape " + shapeText(dims.data(), dims.size()) + " needs");
    memcpy(tensor.data.get() + used, &value, bytes);
    used += bytes;
  }

  /// Bytes of the tensor that one entry of a typed field holds.
  uint64_t unitBytes() const { return std::max<uint64_t>(1, cameo_dtype_bits(dtype) / 8); }

  std::string path;
  protozero::pbf_reader message;
  uint32_t dtype = 0;
  std::vector<int64_t> dims;
  protozero::data_view raw;
  bool isExternal = false;
  uint64_t used = 0; ///< bytes filled by entries of typed fields
};

} // namespace

Tensor readPb(const std::string &path) {
  MappedFile file(path);
  try {
    return TensorReader(file, path).read();
  } catch (const protozero::exception &problem) {
    throw UserError("E-PARSE", BadInput, escaped(path) + ": not an ONNX TensorProto: " + problem.what());
  }
}

} // namespace cameo::run
