// Npy.cpp - NumPy's .npy: a Python literal that describes the array, then its bytes.
#include "cameo-run/Files.h"
#include "cameo-run/NarrowFloat.h"
#include "cameo-run/UserError.h"
#include <algorithm>
#include <cctype>
#include <cstring>

namespace cameo::run {
namespace {

struct Descr {
  const char *text;
  uint32_t dtype;
};
/// The first entry of a type is the one written.
const Descr kDescrs[] = {{"<f4", CAMEO_F32},  {"<f8", CAMEO_F64},  {"<f2", CAMEO_F16}, {"|u1", CAMEO_U8},
                         {"|i1", CAMEO_I8},   {"<u2", CAMEO_U16},  {"<i2", CAMEO_I16}, {"<u4", CAMEO_U32},
                         {"<i4", CAMEO_I32},  {"<u8", CAMEO_U64},  {"<i8", CAMEO_I64}, {"|b1", CAMEO_BOOL},
                         {"|V2", CAMEO_BF16}, {"<V2", CAMEO_BF16}, {"|V1", CAMEO_U8}};

/// Reads the header's dictionary: {'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }
class HeaderReader {
public:
  HeaderReader(std::string text, const std::string &what) : text(std::move(text)), what(what) {}

  void read() {
    expect('{');
    while (peek() != '}') {
      std::string key = quoted();
      expect(':');
      if (key == "descr")
        descr = peek() == '[' ? refuseStructured() : quoted();
      else if (key == "fortran_order")
        isFortran = word() == "True";
      else if (key == "shape")
        readShape();
      else
        refuse("its header has an unknown key '" + escaped(key) + "'");
      if (peek() == ',')
        ++at;
    }
    if (descr.empty() || !hasShape)
      refuse("its header lacks 'descr' or 'shape'");
  }

  std::string descr;
  bool isFortran = false;
  std::vector<int64_t> dims;

private:
  [[noreturn]] void refuse(const std::string &reason) { throw UserError("E-NPY", BadInput, what + ": " + reason); }
  [[noreturn]] std::string refuseStructured() { refuse("it is a structured array; expected numbers of one type"); }

  char peek() {
    while (at < text.size() && isspace(static_cast<unsigned char>(text[at])))
      ++at;
    return at < text.size() ? text[at] : 0;
  }
  void expect(char c) {
    if (peek() != c)
      refuseHeader();
    ++at;
  }
  [[noreturn]] void refuseHeader() { refuse("its header is not a Python dictionary as NumPy writes it"); }
  std::string quoted() {
    char quote = peek();
    size_t end = quote == '\'' || quote == '"' ? text.find(quote, at + 1) : std::string::npos;
    if (end == std::string::npos)
      refuseHeader();
    std::string result = text.substr(at + 1, end - at - 1);
    at = end + 1;
    return result;
  }
  std::string word() {
    peek();
    size_t begin = at;
    while (at < text.size() && isalpha(static_cast<unsigned char>(text[at])))
      ++at;
    return text.substr(begin, at - begin);
  }
  void readShape() {
    expect('(');
    while (peek() != ')') {
      int64_t size = 0;
      if (!isdigit(static_cast<unsigned char>(peek())))
        refuse("its shape holds something else than sizes");
      for (; at < text.size() && isdigit(static_cast<unsigned char>(text[at])); ++at)
        if (__builtin_mul_overflow(size, 10, &size) || __builtin_add_overflow(size, text[at] - '0', &size))
          refuse("its shape holds a size above 2^63");
      dims.push_back(size);
      if (peek() == ',')
        ++at;
      if (dims.size() > CAMEO_MAX_RANK)
        refuse("it has more than " + std::to_string(CAMEO_MAX_RANK) + " axes");
    }
    ++at;
    hasShape = true;
  }

  std::string text;
  const std::string &what;
  size_t at = 0;
  bool hasShape = false;
};

/// A character in UTF-8.
void append(std::string &text, uint32_t code) {
  if (code < 0x80) {
    text += char(code);
    return;
  }
  int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
  text += char((0xf00 >> (more + 1) & 0xff) | code >> (6 * more));
  while (more--)
    text += char(0x80 | (code >> (6 * more) & 0x3f));
}

/// The characters of a text in UTF-8; bytes that are none count as characters of their own.
std::vector<uint32_t> charactersOf(std::string_view text) {
  std::vector<uint32_t> codes;
  for (size_t at = 0; at < text.size();) {
    uint8_t lead = uint8_t(text[at]);
    size_t bytes = lead < 0xc2 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 1;
    uint32_t code = bytes == 1 ? lead : lead & (0x7f >> bytes);
    bool isValid = at + bytes <= text.size();
    for (size_t i = 1; i < bytes && isValid; ++i) {
      isValid = (text[at + i] & 0xc0) == 0x80;
      code = code << 6 | (text[at + i] & 0x3f);
    }
    codes.push_back(isValid ? code : lead);
    at += isValid ? bytes : 1;
  }
  return codes;
}

/// Strings of fixed width: characters of 4 bytes ("<U5"), or bytes ("|S5"), with zeros at the end that do not count.
Tensor textsOf(const uint8_t *data, uint64_t size, const HeaderReader &header, const std::string &what) {
  uint64_t width = header.descr[1] == 'U' ? 4 : 1, characters = 0, count = 1;
  bool isTooLarge = false;
  for (char c : header.descr.substr(2))
    isTooLarge |= !isdigit(static_cast<unsigned char>(c)) || __builtin_mul_overflow(characters, 10, &characters) ||
                  __builtin_add_overflow(characters, uint64_t(c - '0'), &characters);
  for (int64_t d : header.dims)
    isTooLarge |= __builtin_mul_overflow(count, uint64_t(d), &count);
  uint64_t total = 0;
  isTooLarge |= __builtin_mul_overflow(characters, width, &total) || __builtin_mul_overflow(total, count, &total);
  if (isTooLarge || total > size || count > size + (1 << 20))
    throw UserError("E-NPY", BadInput,
                    what + ": it has " + std::to_string(size) + " bytes of data, which is not what its shape " +
                        shapeText(header.dims.data(), header.dims.size()) + " and type '" + escaped(header.descr) +
                        "' need");
  std::vector<std::string> texts(count);
  for (uint64_t i = 0; i < count; ++i)
    for (uint64_t c = 0; c < characters; ++c) {
      uint32_t code = 0;
      memcpy(&code, data + (i * characters + c) * width, width);
      if (code > 0x10ffff)
        throw UserError("E-NPY", BadInput,
                        what + ": text " + std::to_string(i) + " holds " + std::to_string(code) +
                            ", which is no character");
      if (width == 4)
        append(texts[i], code);
      else
        texts[i] += char(code);
    }
  for (std::string &text : texts)
    text.resize(text.find_last_not_of('\0') + 1);
  return Tensor(std::move(texts), header.dims, what);
}

} // namespace

Tensor readNpy(const uint8_t *bytes, uint64_t size, const std::string &what) {
  auto refuse = [&](const std::string &reason) { throw UserError("E-NPY", BadInput, what + ": " + reason); };
  if (size < 10 || memcmp(bytes, "\x93NUMPY", 6) != 0)
    refuse("not a .npy file");
  uint64_t lengthBytes = bytes[6] == 1 ? 2 : 4, length = 0;
  if (bytes[6] < 1 || bytes[6] > 3)
    refuse(".npy version " + std::to_string(bytes[6]) + ", expected 1 to 3");
  if (size < 8 + lengthBytes)
    refuse("it ends inside its header");
  for (uint64_t i = 0; i < lengthBytes; ++i)
    length |= uint64_t(bytes[8 + i]) << (8 * i);
  uint64_t begin = 8 + lengthBytes;
  if (length > 1 << 20)
    refuse("its header has " + std::to_string(length) + " bytes, expected at most 1 MiB");
  if (length > size - begin)
    refuse("it ends inside its header");
  HeaderReader header(std::string(reinterpret_cast<const char *>(bytes + begin), length), what);
  header.read();
  begin += length;

  uint32_t dtype = 0;
  for (const Descr &known : kDescrs)
    if (header.descr == known.text ||
        (header.descr.size() == 3 && header.descr[0] == '|' && header.descr.substr(1) == known.text + 1))
      dtype = known.dtype;
  if (header.descr.find('O') != std::string::npos)
    refuse("it holds Python objects, which are never unpickled; save numbers, or texts as array.astype(str)");
  if (!header.descr.empty() && header.descr[0] == '>')
    refuse("it is big-endian ('" + escaped(header.descr) +
           "'); save it as little-endian, for example with array.astype('<" + escaped(header.descr.substr(1)) + "')");
  bool isText = header.descr.starts_with("<U") || header.descr.starts_with("|S");
  if (!dtype && !isText)
    refuse("element type '" + escaped(header.descr) + "' is not one that models take");
  bool isVector = header.dims.size() < 2;
  if (header.isFortran && !isVector)
    refuse("it is in Fortran order; save numpy.ascontiguousarray(array)");
  if (isText)
    return textsOf(bytes + begin, size - begin, header, what);
  // No more memory is asked for than the file can fill.
  uint64_t needed = cameo_tensor_bytes(dtype, header.dims.data(), uint32_t(header.dims.size()));
  if (needed != UINT64_MAX && needed > size - begin)
    refuse("it has " + std::to_string(size - begin) + " bytes of data, its shape " +
           shapeText(header.dims.data(), header.dims.size()) + " needs " + std::to_string(needed));
  Tensor tensor(dtype, std::move(header.dims), what);
  memcpy(tensor.data.get(), bytes + begin, tensor.bytes());
  if (dtype == CAMEO_BOOL)
    for (uint64_t i = 0; i < tensor.size(); ++i)
      tensor.data[i] = tensor.data[i] != 0;
  return tensor;
}

/// The type whose elements NumPy's files hold in place of those of `dtype`: its bits, or for integers its values, in a
/// type of NumPy's.
static uint32_t npyType(uint32_t dtype) {
  if (dtype == CAMEO_BF16)
    return CAMEO_U16;
  if (dtype == CAMEO_I2 || dtype == CAMEO_I4)
    return CAMEO_I8;
  return isNarrowFloat(dtype) || dtype == CAMEO_U2 || dtype == CAMEO_U4 ? uint32_t(CAMEO_U8) : dtype;
}

Tensor fromNpyType(Tensor stored, uint32_t dtype, const std::string &what) {
  unsigned bits = unsigned(cameo_dtype_bits(dtype));
  bool isBytes = stored.dtype == CAMEO_U8 || stored.dtype == CAMEO_I8;
  if (stored.dtype == dtype || npyType(dtype) == dtype || !(bits == 16 ? stored.dtype == CAMEO_U16 : isBytes))
    return stored;
  if (bits >= 8) {
    stored.dtype = dtype;
    return stored;
  }
  Tensor tensor(dtype, stored.dims, what);
  for (uint64_t i = 0; i < stored.size(); ++i) {
    // Either the value, or the bits with zeros above them.
    int value = int8_t(stored.data[i]), sign = -(1 << (bits - 1));
    bool isSigned = npyType(dtype) == CAMEO_I8;
    if (value < (isSigned ? sign : 0) || value >= 1 << bits)
      throw UserError("E-NPY", BadInput,
                      what + ": element " + std::to_string(i) + " is " + std::to_string(value) + ", which " +
                          cameo_dtype_name(dtype) + " cannot hold");
    storeBits(tensor.data.get(), dtype, i, unsigned(value));
  }
  return tensor;
}

static Tensor characterTable(const cameo_tensor &tensor) {
  std::vector<std::vector<uint32_t>> rows(cameo_tensor_bytes(tensor.dtype, tensor.dims, tensor.rank) /
                                          sizeof(cameo_text));
  size_t longest = 1; // NumPy has no width 0
  for (size_t i = 0; i < rows.size(); ++i) {
    rows[i] = charactersOf(textAt(tensor.data, i));
    longest = std::max(longest, rows[i].size());
  }
  std::vector<int64_t> dims(tensor.dims, tensor.dims + tensor.rank);
  dims.push_back(int64_t(longest));
  Tensor table(CAMEO_U32, dims, "an output");
  memset(table.data.get(), 0, table.bytes());
  for (size_t i = 0; i < rows.size(); ++i)
    if (!rows[i].empty())
      memcpy(table.data.get() + i * longest * sizeof(uint32_t), rows[i].data(), rows[i].size() * sizeof(uint32_t));
  return table;
}

std::optional<Tensor> toNpyType(const cameo_tensor &tensor) {
  if (tensor.dtype == CAMEO_STRING)
    return characterTable(tensor);
  if (cameo_dtype_bits(tensor.dtype) >= 8)
    return std::nullopt;
  Tensor stored(npyType(tensor.dtype), {tensor.dims, tensor.dims + tensor.rank}, "an output");
  for (uint64_t i = 0; i < stored.size(); ++i)
    stored.data[i] = stored.dtype == CAMEO_I8 ? uint8_t(int8_t(loadElement(tensor.data, tensor.dtype, i)))
                                              : uint8_t(loadBits(tensor.data, tensor.dtype, i));
  return stored;
}

std::string npyHeader(uint32_t dtype, const int64_t *dims, size_t rank, int64_t characters) {
  std::string descr = characters ? "<U" + std::to_string(characters) : "";
  for (const Descr &known : kDescrs)
    if (known.dtype == npyType(dtype) && descr.empty())
      descr = known.text;
  std::string text = std::string("{'descr': '") + descr + "', 'fortran_order': False, 'shape': (";
  for (size_t i = 0; i < rank; ++i)
    text += std::to_string(dims[i]) + (rank == 1 ? "," : i + 1 < rank ? ", " : "");
  text += "), }";
  // NumPy wants the data at a multiple of 64 and a line feed before it.
  text.append(63 - (10 + text.size()) % 64, ' ');
  text += '\n';
  std::string header("\x93NUMPY\x01\x00", 8);
  header += char(text.size() & 255);
  header += char(text.size() >> 8);
  return header + text;
}

} // namespace cameo::run
