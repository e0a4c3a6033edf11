// ProgramFile.cpp - ELF by hand for the two sections that are data, lld for the rest, digests at the end.
#include "ProgramFile.h"
#include "OutputFile.h"
#include "cameo/Runtime/Digest.h"
#include "cameo/Runtime/KernelABI.h"
#include "cameo/Support/ErrorCode.h"
#include "lld/Common/Driver.h"
#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/BinaryFormat/ELF.h"
#include "llvm/Object/ArchiveWriter.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace cameo;
namespace fs = llvm::sys::fs;

LLD_HAS_DRIVER(elf)

static InFlightDiagnostic fileError(Location loc) { return withCode("E-FILE", emitError(loc)); }

LogicalResult cameo::writeSectionsObject(llvm::StringRef path, Location loc) {
  using namespace llvm::ELF;
  static constexpr char table[] = "\0.shstrtab\0" CAMEO_HEADER_SECTION "\0" CAMEO_WEIGHTS_SECTION "\0.note.GNU-stack";
  const llvm::StringRef names(table, sizeof(table));
  auto nameOffset = [&](llvm::StringRef name) { return Elf64_Word(names.find(name)); };
  Elf64_Shdr sections[5] = {};
  uint64_t position = sizeof(Elf64_Ehdr);
  sections[1] = {nameOffset(".shstrtab"), SHT_STRTAB, 0, 0, position, names.size(), 0, 0, 1, 0};
  position = llvm::alignTo(position + names.size(), 16);
  sections[2] = {
      nameOffset(CAMEO_HEADER_SECTION), SHT_PROGBITS, 0, 0, position, sizeof(cameo_file_header), 0, 0, 16, 0};
  position = llvm::alignTo(position + sizeof(cameo_file_header), 16);
  sections[3] = {nameOffset(CAMEO_WEIGHTS_SECTION), SHT_PROGBITS, 0, 0, position, 0, 0, 0, 1, 0};
  sections[4] = {nameOffset(".note.GNU-stack"), SHT_PROGBITS, 0, 0, position, 0, 0, 0, 1, 0};
  Elf64_Ehdr header = {};
  memcpy(header.e_ident, ElfMagic, 4);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_ident[EI_VERSION] = EV_CURRENT;
  header.e_type = ET_REL;
  header.e_machine = EM_X86_64;
  header.e_version = EV_CURRENT;
  header.e_shoff = position;
  header.e_ehsize = sizeof(header);
  header.e_shentsize = sizeof(Elf64_Shdr);
  header.e_shnum = 5;
  header.e_shstrndx = 1;
  return writeFile(path, loc, [&](llvm::raw_ostream &os) {
    auto padTo = [&](uint64_t offset) { os.write_zeros(offset - os.tell()); };
    os.write(reinterpret_cast<const char *>(&header), sizeof(header));
    os << names;
    padTo(sections[2].sh_offset);
    os.write_zeros(sizeof(cameo_file_header));
    padTo(position);
    os.write(reinterpret_cast<const char *>(sections), sizeof(sections));
  });
}

namespace {

/// Hands on what it is given and remembers its digest.
class DigestingStream : public llvm::raw_ostream {
public:
  explicit DigestingStream(llvm::raw_ostream &os) : raw_ostream(/*unbuffered=*/true), os(os) {}
  rt::Digest finish() { return hash.finish(); }

private:
  void write_impl(const char *data, size_t bytes) override {
    hash.update(data, bytes);
    os.write(data, bytes);
    position += bytes;
  }
  uint64_t current_pos() const override { return position; }

  llvm::raw_ostream &os;
  rt::Sha256 hash;
  uint64_t position = 0;
};

} // namespace

/// The place of a section's header in an ELF file; null where there is no such section.
static llvm::object::ELF64LE::Shdr *findSection(llvm::MutableArrayRef<char> file, StringRef wanted) {
  auto object = llvm::object::ELF64LEFile::create(StringRef(file.data(), file.size()));
  if (!object) {
    llvm::consumeError(object.takeError());
    return nullptr;
  }
  auto sections = object->sections();
  if (!sections) {
    llvm::consumeError(sections.takeError());
    return nullptr;
  }
  for (const llvm::object::ELF64LE::Shdr &section : *sections) {
    auto name = object->getSectionName(section);
    if (!name)
      llvm::consumeError(name.takeError());
    else if (*name == wanted)
      return const_cast<llvm::object::ELF64LE::Shdr *>(&section); // it lies in `file`
  }
  return nullptr;
}

/// Weights go to the file in pieces of so many bytes, which gives the file system a chance to keep it in huge pages:
/// mapped in small ones, weights are read a third slower than memory can deliver them.
static constexpr size_t kWriteBytes = size_t(8) << 20;

/// Writes the linked file with its header and weights filled in.
static LogicalResult sealProgram(llvm::StringRef linked, const codegen::WeightTable &weights, llvm::StringRef output,
                                 uint64_t features, Location loc) {
  auto buffer = llvm::MemoryBuffer::getFile(linked, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!buffer)
    return fileError(loc) << "cannot read back the linked program: " << buffer.getError().message();
  std::vector<char> code((*buffer)->getBufferStart(), (*buffer)->getBufferEnd());
  auto *header = findSection(code, CAMEO_HEADER_SECTION), *last = findSection(code, CAMEO_WEIGHTS_SECTION);
  if (!header || !last || header->sh_size != sizeof(cameo_file_header))
    return emitBug(loc) << "the linked program lacks its header or weights section";
  rt::FileRange headerRange{header->sh_offset, header->sh_size};
  uint64_t start = llvm::alignTo(code.size(), 4096), bytes = uint64_t(weights.bytes());
  last->sh_offset = start, last->sh_size = bytes, last->sh_addralign = 4096;
  code.resize(start);
  cameo_file_header h = {};
  memcpy(h.magic, CAMEO_MAGIC, sizeof(h.magic));
  h.header_bytes = sizeof(h);
  h.format_major = CAMEO_FORMAT_MAJOR;
  h.format_minor = CAMEO_FORMAT_MINOR;
  h.abi_version = CAMEO_ABI_VERSION;
  h.features = features;
  h.file_bytes = start + bytes;
  h.weights_offset = bytes ? start : 0;
  h.weights_bytes = bytes;
  rt::Digest codeDigest = rt::codeDigest(code.data(), code.size(), headerRange, {});
  memcpy(h.code_sha256, codeDigest.data(), 32);
  return writeFile(output, loc, [&](llvm::raw_pwrite_stream &os) {
    os.SetBufferSize(std::min<size_t>(kWriteBytes, h.file_bytes));
    os.write(code.data(), code.size());
    DigestingStream digesting(os);
    weights.write(digesting);
    rt::Digest weightsDigest = digesting.finish();
    memcpy(h.weights_sha256, weightsDigest.data(), 32);
    rt::Digest headerDigest = rt::headerDigest(h);
    memcpy(h.header_sha256, headerDigest.data(), 32);
    os.pwrite(reinterpret_cast<const char *>(&h), sizeof(h), headerRange.offset);
  });
}

/// Runs lld in this process.
static LogicalResult link(ArrayRef<StringRef> flags, ArrayRef<std::string> objects, StringRef output, Location loc) {
  SmallVector<std::string> arguments{"ld.lld"};
  for (StringRef flag : flags)
    arguments.push_back(flag.str());
  arguments.append({"-o", output.str()});
  llvm::append_range(arguments, objects);
  SmallVector<const char *> pointers = llvm::map_to_vector(arguments, [](const std::string &s) { return s.c_str(); });
  std::string messages;
  llvm::raw_string_ostream os(messages);
  // lld keeps global state, so one link at a time; and it writes beside `output` before it renames.
  auto lock = holdInterrupts();
  lld::Result result = lld::lldMain(pointers, os, os, {{lld::Gnu, &lld::elf::link}});
  // What the objects are is ours; what can go wrong is writing the result.
  if (result.retCode != 0)
    return fileError(loc) << "linking " << output << " failed: " << StringRef(messages).trim();
  return success();
}

LogicalResult cameo::linkProgram(ArrayRef<std::string> objects, const codegen::WeightTable &weights, StringRef output,
                                 uint64_t features, Location loc) {
  // No -soname: the same program is the same bytes whatever its file is called.
  constexpr StringRef flags[] = {
      "-shared",          "--no-undefined-version", "-z", "noexecstack", "-z", "relro", "-z", "now",
      "--hash-style=gnu", "--build-id=none"};
  OutputFile linked(output); // never committed
  return success(succeeded(linked.create(loc)) && succeeded(link(flags, objects, linked.temporary(), loc)) &&
                 succeeded(sealProgram(linked.temporary(), weights, output, features, loc)));
}

LogicalResult cameo::linkObject(ArrayRef<std::string> objects, StringRef output, Location loc) {
  OutputFile file(output);
  return success(succeeded(file.create(loc)) && succeeded(link({"-r"}, objects, file.temporary(), loc)) &&
                 succeeded(file.commit(loc)));
}

LogicalResult cameo::writeStaticLibrary(ArrayRef<std::string> objects, StringRef output, Location loc) {
  std::vector<llvm::NewArchiveMember> members;
  for (const std::string &object : objects) {
    auto member = llvm::NewArchiveMember::getFile(object, /*Deterministic=*/true);
    if (!member)
      return fileError(loc) << "cannot read " << object << ": " << llvm::toString(member.takeError());
    member->MemberName = llvm::sys::path::filename(member->MemberName);
    members.push_back(std::move(*member));
  }
  auto archive =
      llvm::writeArchiveToBuffer(members, llvm::SymtabWritingMode::NormalSymtab, llvm::object::Archive::K_GNU,
                                 /*Deterministic=*/true, /*Thin=*/false);
  if (!archive)
    return emitError(loc) << "cannot build the archive: " << llvm::toString(archive.takeError());
  return writeFile(output, loc, [&](llvm::raw_ostream &os) { os << (*archive)->getBuffer(); });
}

LogicalResult cameo::writeProgramHeader(StringRef output, StringRef symbol, Location loc) {
  llvm::SmallString<256> header(output);
  llvm::sys::path::replace_extension(header, ".h");
  return writeFile(header, loc, [&](llvm::raw_ostream &os) {
    std::string guard = StringRef(symbol).upper() + "_H";
    os << "/* Written by cameo-compile. Link with the code beside this file, libcameo_runtime.a, -lstdc++, -lm, "
          "-lpthread and -ldl:\n"
       << " *   cameo_program *program;\n"
       << " *   cameo_program_from_static(&" << symbol << ", &program);\n"
       << " */\n#ifndef " << guard << "\n#define " << guard << "\n#include \"cameo/Runtime/KernelABI.h\"\n"
       << "#ifdef __cplusplus\nextern \"C\" {\n#endif\nextern const cameo_program_info " << symbol
       << ";\n#ifdef __cplusplus\n}\n#endif\n#endif\n";
  });
}
