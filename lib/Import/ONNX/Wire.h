// Wire.h - walks the fields of one protobuf message with protozero, with 64-bit lengths and offsets in its errors.
// protozero reads lengths as 32 bits; a model over 4 GiB needs more, so lengths are decoded and checked here. This is
// the only header that sees protozero. What it and the parser throw is caught in Parser.cpp; others walk only messages
// that the parser has accepted, for which nothing is thrown.
#pragma once
#include "cameo/Support/Diagnostic.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/Twine.h"
#include <cstring>
#include <protozero/pbf_reader.hpp>

namespace cameo::onnx {

/// What ends the parsing of a file; becomes a Diagnostic.
struct ParseError {
  llvm::StringRef code = "E-PARSE";
  ExitCode exitCode = ExitCode::InvalidModel;
  std::string message;
  std::string node;
};

/// A malformed message, as seen by Fields; Parser.cpp words it for the user.
struct WireError {
  enum class Kind { TooLong, WireType, Malformed };
  Kind kind;
  llvm::StringRef messageName; ///< "NodeProto"
  uint32_t tag;
  const char *at;     ///< where the field begins
  uint64_t wanted;    ///< TooLong: bytes that the field says it has
  uint64_t available; ///< TooLong: bytes that are left
};

/// The fields of one message: `while (fields.next()) switch (fields.tag()) ...`. Each field must be read by exactly one
/// of the typed accessors, or left (then it is skipped). Throws WireError.
class Fields {
public:
  Fields(llvm::StringRef message, llvm::StringRef messageName)
      : name(messageName), reader(message.data(), message.size()) {}

  bool next() {
    if (pending)
      skip();
    start = reader.data().data();
    if (!guarded([&] { return reader.next(); }))
      return false;
    fieldTag = reader.tag();
    wire = reader.wire_type();
    pending = true;
    return true;
  }

  uint32_t tag() const { return fieldTag; }
  /// Where the current field begins.
  const char *position() const { return start; }

  uint64_t varint() {
    expect(protozero::pbf_wire_type::varint);
    return guarded([&] { return reader.get_uint64(); });
  }
  float fixed32() {
    expect(protozero::pbf_wire_type::fixed32);
    return guarded([&] { return reader.get_float(); });
  }
  llvm::StringRef bytes() {
    expect(protozero::pbf_wire_type::length_delimited);
    return guarded([&] {
      const char *at = reader.data().data();
      const char *end = at + reader.length();
      uint64_t length = protozero::decode_varint(&at, end);
      if (length > uint64_t(end - at))
        throw WireError{WireError::Kind::TooLong, name, fieldTag, start, length, uint64_t(end - at)};
      reader = protozero::pbf_reader(at + length, end - at - length);
      return llvm::StringRef(at, length);
    });
  }

  /// A repeated varint field, packed or not; calls `use` for each element of this occurrence.
  template <typename Use> void repeatedVarint(Use use) {
    if (wire == protozero::pbf_wire_type::varint)
      return use(varint());
    llvm::StringRef packed = bytes();
    guarded([&] {
      for (const char *at = packed.begin(); at != packed.end();)
        use(protozero::decode_varint(&at, packed.end()));
      return 0;
    });
  }
  /// A repeated field of fixed-width elements, packed or not: the bytes of this occurrence.
  llvm::StringRef repeatedFixed(unsigned width) {
    llvm::StringRef run;
    if (wire == protozero::pbf_wire_type::length_delimited) {
      run = bytes();
    } else {
      expect(width == 4 ? protozero::pbf_wire_type::fixed32 : protozero::pbf_wire_type::fixed64);
      const char *at = reader.data().data();
      guarded([&] { return reader.skip(), 0; });
      run = llvm::StringRef(at, width);
    }
    if (run.size() % width)
      throw WireError{WireError::Kind::Malformed, name, fieldTag, start, 0, 0};
    return run;
  }

private:
  llvm::StringRef name;
  protozero::pbf_reader reader;
  const char *start = nullptr;
  uint32_t fieldTag = 0;
  protozero::pbf_wire_type wire = protozero::pbf_wire_type::unknown;
  bool pending = false;

  void skip() {
    if (wire == protozero::pbf_wire_type::length_delimited)
      bytes();
    else
      guarded([&] { return reader.skip(), 0; });
    pending = false;
  }

  void expect(protozero::pbf_wire_type wanted) {
    if (wire != wanted)
      throw WireError{WireError::Kind::WireType, name, fieldTag, start, 0, 0};
    pending = false;
  }

  template <typename Action> auto guarded(Action action) -> decltype(action()) {
    try {
      return action();
    } catch (const protozero::exception &) {
      throw WireError{WireError::Kind::Malformed, name, fieldTag, start, 0, 0};
    }
  }
};

} // namespace cameo::onnx
