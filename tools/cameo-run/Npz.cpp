// Npz.cpp - NumPy's .npz: a zip archive whose entries are .npy files. Zip64 where sizes need it.
#include "cameo-run/Files.h"
#include "cameo-run/UserError.h"
#include <algorithm>
#include <cstring>
#include <zlib.h>

namespace cameo::run {
namespace {

constexpr uint32_t kLocal = 0x04034b50, kCentral = 0x02014b50, kEnd = 0x06054b50;
constexpr uint32_t kEnd64 = 0x06064b50, kEnd64Locator = 0x07064b50;
constexpr uint64_t kLocalBytes = 30, kCentralBytes = 46, kEndBytes = 22;
constexpr uint32_t kUseZip64 = 0xffffffff;

/// An archive in memory; every access is checked.
class Archive {
public:
  struct Entry {
    std::string name;
    uint64_t packedBytes, bytes, offset;
    uint16_t method, flags;
  };

  Archive(const uint8_t *data, uint64_t size, std::string path) : data(data), size(size), path(std::move(path)) {}

  std::vector<Entry> entries() const {
    uint64_t end = findEnd();
    uint64_t count = get<uint16_t>(end + 10), offset = get<uint32_t>(end + 16);
    if ((count == 0xffff || offset == kUseZip64) && end >= 20 && get<uint32_t>(end - 20) == kEnd64Locator) {
      uint64_t end64 = get<uint64_t>(end - 12);
      if (get<uint32_t>(end64) != kEnd64)
        refuse("its zip64 directory is not where it should be");
      count = get<uint64_t>(end64 + 32);
      offset = get<uint64_t>(end64 + 48);
    }
    if (count > size / kCentralBytes)
      refuse("its directory is longer than the file");
    std::vector<Entry> result;
    for (uint64_t i = 0; i < count; ++i)
      result.push_back(readEntry(offset));
    return result;
  }

  /// The entry's content, either inside the archive or unpacked into `unpacked`.
  std::pair<const uint8_t *, uint64_t> content(const Entry &entry, std::vector<uint8_t> &unpacked) const {
    if (entry.flags & 1)
      refuse("entry '" + escaped(entry.name) + "' is encrypted");
    if (get<uint32_t>(entry.offset) != kLocal)
      refuse("entry '" + escaped(entry.name) + "' is not where the directory says");
    uint64_t begin = entry.offset + kLocalBytes + get<uint16_t>(entry.offset + 26) + get<uint16_t>(entry.offset + 28);
    const uint8_t *packed = at(begin, entry.packedBytes);
    if (entry.method == 0 && entry.bytes == entry.packedBytes)
      return {packed, entry.bytes};
    if (entry.method != 8)
      refuse("entry '" + escaped(entry.name) + "' is packed by method " + std::to_string(entry.method) +
             "; expected stored or deflated");
    // Deflate packs at most about 1032 to 1; a larger claim is not worth its memory.
    if (entry.bytes / 1040 > entry.packedBytes)
      refuse("entry '" + escaped(entry.name) + "' claims " + std::to_string(entry.bytes) + " bytes, packed into " +
             std::to_string(entry.packedBytes));
    unpacked.resize(entry.bytes);
    inflateInto(unpacked, packed, entry);
    return {unpacked.data(), unpacked.size()};
  }

private:
  [[noreturn]] void refuse(const std::string &reason) const {
    throw UserError("E-NPY", BadInput, escaped(path) + ": " + reason);
  }

  const uint8_t *at(uint64_t offset, uint64_t bytes) const {
    if (offset > size || bytes > size - offset)
      refuse("not a sound .npz archive: it ends early");
    return data + offset;
  }
  template <typename T> T get(uint64_t offset) const {
    T value;
    memcpy(&value, at(offset, sizeof(T)), sizeof(T));
    return value;
  }

  uint64_t findEnd() const {
    // The end record is the last thing but for a comment of up to 65535 bytes.
    for (uint64_t back = kEndBytes; back <= size && back <= kEndBytes + 0xffff; ++back)
      if (get<uint32_t>(size - back) == kEnd)
        return size - back;
    refuse("not a .npz archive");
  }

  Entry readEntry(uint64_t &offset) const {
    if (get<uint32_t>(offset) != kCentral)
      refuse("its directory is damaged");
    Entry entry;
    entry.flags = get<uint16_t>(offset + 8);
    entry.method = get<uint16_t>(offset + 10);
    entry.packedBytes = get<uint32_t>(offset + 20);
    entry.bytes = get<uint32_t>(offset + 24);
    uint64_t nameBytes = get<uint16_t>(offset + 28), extraBytes = get<uint16_t>(offset + 30);
    uint64_t commentBytes = get<uint16_t>(offset + 32);
    entry.offset = get<uint32_t>(offset + 42);
    entry.name.assign(reinterpret_cast<const char *>(at(offset + kCentralBytes, nameBytes)), nameBytes);
    uint64_t extra = offset + kCentralBytes + nameBytes, extraEnd = extra + extraBytes;
    while (extra + 4 <= extraEnd) {
      uint64_t fieldBytes = get<uint16_t>(extra + 2), next = extra + 4;
      if (get<uint16_t>(extra) == 1)
        for (uint64_t *value : {&entry.bytes, &entry.packedBytes, &entry.offset})
          if (*value == kUseZip64) {
            *value = get<uint64_t>(next);
            next += 8;
          }
      extra += 4 + fieldBytes;
    }
    offset = extraEnd + commentBytes;
    return entry;
  }

  void inflateInto(std::vector<uint8_t> &unpacked, const uint8_t *packed, const Entry &entry) const {
    z_stream stream{};
    bool isDone = inflateInit2(&stream, -15) == Z_OK;
    uint64_t in = 0, out = 0;
    int result = Z_OK;
    // zlib counts in 32 bits, so large entries go in pieces.
    while (isDone && result == Z_OK) {
      uint64_t inNow = std::min<uint64_t>(entry.packedBytes - in, 1u << 30);
      uint64_t outNow = std::min<uint64_t>(entry.bytes - out, 1u << 30);
      stream.next_in = const_cast<uint8_t *>(packed + in);
      stream.avail_in = uInt(inNow);
      stream.next_out = unpacked.data() + out;
      stream.avail_out = uInt(outNow);
      result = inflate(&stream, Z_NO_FLUSH);
      in += inNow - stream.avail_in;
      out += outNow - stream.avail_out;
    }
    inflateEnd(&stream);
    if (result != Z_STREAM_END || out != entry.bytes)
      refuse("entry '" + escaped(entry.name) + "' does not unpack to the " + std::to_string(entry.bytes) +
             " bytes its directory says");
  }

  const uint8_t *data;
  uint64_t size;
  std::string path;
};

template <typename T> void put(std::string &text, T value) {
  text.append(reinterpret_cast<const char *>(&value), sizeof(T));
}

uint32_t crcOf(const std::string &header, const cameo_tensor &tensor, uint64_t bytes) {
  uint64_t crc = crc32_z(0, reinterpret_cast<const uint8_t *>(header.data()), header.size());
  return uint32_t(bytes ? crc32_z(crc, static_cast<const uint8_t *>(tensor.data), bytes) : crc);
}

/// The fields which local and central headers share; `bytes` is 0xffffffff where zip64 has the size.
void putCommon(std::string &record, uint32_t crc, uint32_t bytes, uint64_t nameBytes, uint16_t extraBytes) {
  put<uint16_t>(record, 45);         // version that knows zip64
  put<uint16_t>(record, 1 << 11);    // the name is UTF-8
  put<uint16_t>(record, 0);          // stored
  put<uint16_t>(record, 0);          // time: midnight
  put<uint16_t>(record, 1 << 5 | 1); // date: 1 January 1980, so that equal tensors give equal files
  put<uint32_t>(record, crc);
  put<uint32_t>(record, bytes);
  put<uint32_t>(record, bytes);
  put<uint16_t>(record, uint16_t(nameBytes));
  put<uint16_t>(record, extraBytes);
}

} // namespace

std::vector<NamedTensor> readNpz(const std::string &path) {
  MappedFile file(path);
  Archive archive(file.data(), file.size(), path);
  std::vector<NamedTensor> tensors;
  std::vector<uint8_t> unpacked;
  for (const Archive::Entry &entry : archive.entries()) {
    std::string name = entry.name;
    if (name.size() > 4 && name.ends_with(".npy"))
      name.resize(name.size() - 4);
    auto [data, bytes] = archive.content(entry, unpacked);
    tensors.emplace_back(name, readNpy(data, bytes, escaped(path) + ": entry '" + escaped(name) + "'"));
  }
  return tensors;
}

void writeNpz(const std::string &path, const std::vector<NpzEntry> &entries) {
  std::vector<std::pair<const void *, uint64_t>> pieces;
  // The pieces point into these, so they must not move.
  std::vector<std::string> headers;
  headers.reserve(entries.size());
  std::vector<Tensor> converted;
  std::string directory;
  uint64_t offset = 0;
  for (const NpzEntry &entry : entries) {
    cameo_tensor tensor = entry.tensor;
    if (auto stored = toNpyType(tensor)) {
      converted.push_back(std::move(*stored));
      tensor = converted.back().view();
    }
    uint64_t bytes = cameo_tensor_bytes(tensor.dtype, tensor.dims, tensor.rank);
    bool isText = entry.tensor.dtype == CAMEO_STRING;
    std::string npy =
                    npyHeader(tensor.dtype, tensor.dims, entry.tensor.rank, isText ? tensor.dims[tensor.rank - 1] : 0),
                name = entry.name + ".npy";
    if (name.size() > 0xffff)
      throw UserError("E-FILE", File, escaped(path) + ": the name of an output is too long for an archive");
    uint32_t crc = crcOf(npy, tensor, bytes);
    uint64_t content = npy.size() + bytes;
    bool isLarge = content >= kUseZip64 || offset >= kUseZip64;
    uint32_t shown = isLarge ? kUseZip64 : uint32_t(content);

    std::string local;
    put(local, kLocal);
    putCommon(local, crc, shown, name.size(), isLarge ? 20 : 0);
    local += name;
    std::string central;
    put(central, kCentral);
    put<uint16_t>(central, 45);
    putCommon(central, crc, shown, name.size(), isLarge ? 28 : 0);
    put<uint16_t>(central, 0); // comment
    put<uint16_t>(central, 0); // disk
    put<uint16_t>(central, 0); // internal attributes
    put<uint32_t>(central, 0); // external attributes
    put<uint32_t>(central, isLarge ? kUseZip64 : uint32_t(offset));
    central += name;
    if (isLarge) {
      for (std::string *record : {&local, &central}) {
        put<uint16_t>(*record, 1);
        put<uint16_t>(*record, record == &local ? 16 : 24);
        put(*record, content);
        put(*record, content);
      }
      put(central, offset);
    }
    directory += central;
    headers.push_back(local + npy);
    pieces.emplace_back(headers.back().data(), headers.back().size());
    if (bytes)
      pieces.emplace_back(tensor.data, bytes);
    offset += headers.back().size() + bytes;
  }

  std::string end;
  bool isLarge = offset >= kUseZip64 || entries.size() >= 0xffff;
  if (isLarge) {
    put(end, kEnd64);
    put<uint64_t>(end, 44);
    put<uint16_t>(end, 45);
    put<uint16_t>(end, 45);
    put<uint32_t>(end, 0);
    put<uint32_t>(end, 0);
    put<uint64_t>(end, entries.size());
    put<uint64_t>(end, entries.size());
    put<uint64_t>(end, directory.size());
    put<uint64_t>(end, offset);
    put(end, kEnd64Locator);
    put<uint32_t>(end, 0);
    put<uint64_t>(end, offset + directory.size());
    put<uint32_t>(end, 1);
  }
  put(end, kEnd);
  put<uint16_t>(end, 0);
  put<uint16_t>(end, 0);
  uint16_t count = isLarge ? 0xffff : uint16_t(entries.size());
  put(end, count);
  put(end, count);
  put<uint32_t>(end, isLarge ? kUseZip64 : uint32_t(directory.size()));
  put<uint32_t>(end, isLarge ? kUseZip64 : uint32_t(offset));
  put<uint16_t>(end, 0);
  pieces.emplace_back(directory.data(), directory.size());
  pieces.emplace_back(end.data(), end.size());
  writeFile(path, pieces);
}

} // namespace cameo::run
