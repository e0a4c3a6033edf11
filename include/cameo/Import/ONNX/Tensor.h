// Tensor.h - an ONNX tensor as it lies in the file: name, type, sizes, and a view of its bytes.
// Nothing here copies weights; only payloads that protobuf stores as varints are decoded, and only when asked for.
#pragma once
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cameo::onnx {

/// Element types; the numbers are those of TensorProto.DataType.
enum class DataType : int32_t {
  Undefined = 0,
  Float = 1,
  UInt8 = 2,
  Int8 = 3,
  UInt16 = 4,
  Int16 = 5,
  Int32 = 6,
  Int64 = 7,
  String = 8,
  Bool = 9,
  Float16 = 10,
  Double = 11,
  UInt32 = 12,
  UInt64 = 13,
  Complex64 = 14,
  Complex128 = 15,
  BFloat16 = 16,
  Float8E4M3FN = 17,
  Float8E4M3FNUZ = 18,
  Float8E5M2 = 19,
  Float8E5M2FNUZ = 20,
  UInt4 = 21,
  Int4 = 22,
  Float4E2M1 = 23,
  Float8E8M0 = 24,
  UInt2 = 25,
  Int2 = 26,
  Float6E2M3 = 27,
  Float6E3M2 = 28,
};
inline constexpr int32_t lastDataType = 28;

/// ONNX's own spelling: "float", "int64", "float8e4m3fn"; "undefined" for what is not a type.
llvm::StringRef dataTypeName(DataType type);

/// Bits of one element as raw_data stores it (bool is 8, int4 is 4); 0 for String and Undefined.
unsigned bitWidth(DataType type);

struct TensorView;

/// The first entry of an Int32 or UInt64 payload that lies outside [least, most]; for the reader's checks.
std::optional<int64_t> firstEntryOutside(const TensorView &tensor, int64_t least, int64_t most);

/// A tensor of the file. The StringRefs point into mappings that the ModelFile owns.
///
/// After readModel succeeded: dims are >= 0, their product fits int64, and the payload has exactly the elements that
/// the dims ask for, so the accessors below cannot fail.
struct TensorView {
  enum class Payload : uint8_t {
    None,     ///< no elements
    Raw,      ///< raw_data: `view` has the bytes
    External, ///< another file: `view` has the bytes once the reader has mapped it
    Float,    ///< float_data, also the pairs of complex64
    Double,   ///< double_data, also the pairs of complex128
    Int32,    ///< int32_data: int32 and all narrower types, float16 and bfloat16 as bits
    Int64,
    UInt64, ///< uint64_data: uint32 and uint64
    String,
  };

  llvm::StringRef name;
  DataType type = DataType::Undefined;
  Payload payload = Payload::None;
  llvm::SmallVector<int64_t, 4> dims;
  /// Entries of the typed payload field; for Raw and External bytes.
  int64_t storedCount = 0;
  /// Bytes of Raw and External, and of Float and Double where they lie in one packed run.
  llvm::StringRef view;
  /// The TensorProto message, for payloads that are decoded on demand and for the external_data entries.
  llvm::StringRef message;

  int64_t numElements() const;
  /// Bytes of the dense row-major form below; 0 for strings.
  int64_t byteSize() const;

  /// Dense row-major little-endian elements when they lie in the file in this form, so that no copy is needed. No
  /// alignment is promised. Sub-byte types are packed from the low bits as in raw_data; bool is one byte, 0 or 1.
  std::optional<llvm::StringRef> bytesInFile() const;

  /// As bytesInFile; what is stored otherwise is decoded into `storage`, which the result then points into.
  llvm::StringRef bytes(std::vector<char> &storage) const;

  /// Elements of an integer or bool tensor of at least 8 bits (uint64 reinterpreted); for shapes, axes, indices.
  std::vector<int64_t> integers() const;

  /// Elements of a String tensor.
  std::vector<llvm::StringRef> strings() const;
};

/// A sparse tensor in coordinate form: `indices` is int64 [nnz] (row-major positions) or [nnz, rank].
struct SparseTensorView {
  TensorView values; ///< its name is the tensor's name
  TensorView indices;
  llvm::SmallVector<int64_t, 4> dims;

  /// Row-major position of each value.
  std::vector<int64_t> positions() const;
};

} // namespace cameo::onnx
