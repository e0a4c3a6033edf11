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
#include <mutex>

using namespace mlir;
using namespace cameo;
namespace fs = llvm::sys::fs;

LLD_HAS_DRIVER(elf)

static InFlightDiagnostic fileError(Location loc) { return withCode("E-FILE", emitError(loc)); }

LogicalResult cameo::writeWeightsObject(llvm::StringRef path, const codegen::WeightTable &weights, Location loc) {
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
  position = llvm::alignTo(position + sizeof(cameo_file_header), 4096);
  sections[3] = {
      nameOffset(CAMEO_WEIGHTS_SECTION), SHT_PROGBITS, 0, 0, position, uint64_t(weights.bytes()), 0, 0, 4096, 0};
  position = llvm::alignTo(position + weights.bytes(), 16);
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
    padTo(sections[3].sh_offset);
    weights.write(os);
    padTo(position);
    os.write(reinterpret_cast<const char *>(sections), sizeof(sections));
  });
}

/// Writes the linked file with its header section filled. In one piece, which gives the file system a chance to keep it
/// in huge pages: mapped in small ones, weights are read a third slower than memory can deliver them.
static LogicalResult sealProgram(llvm::StringRef linked, llvm::StringRef output, uint64_t features, Location loc) {
  auto buffer = llvm::WritableMemoryBuffer::getFile(linked);
  if (!buffer)
    return fileError(loc) << "cannot read back the linked program: " << buffer.getError().message();
  llvm::MutableArrayRef<char> file = (*buffer)->getBuffer();
  auto object = llvm::object::ObjectFile::createELFObjectFile((*buffer)->getMemBufferRef());
  if (!object) {
    llvm::consumeError(object.takeError());
    return emitBug(loc) << "the linked program is not ELF";
  }
  rt::FileRange header, weights;
  for (const llvm::object::ELFSectionRef section : (*object)->sections()) {
    auto name = section.getName();
    if (!name) {
      llvm::consumeError(name.takeError());
      continue;
    }
    rt::FileRange range{section.getOffset(), section.getSize()};
    if (*name == CAMEO_HEADER_SECTION)
      header = range;
    else if (*name == CAMEO_WEIGHTS_SECTION)
      weights = range;
  }
  if (header.bytes != sizeof(cameo_file_header) || weights.offset % 4096 != 0)
    return emitBug(loc) << "the linked program lacks its header section";
  cameo_file_header h = {};
  memcpy(h.magic, CAMEO_MAGIC, sizeof(h.magic));
  h.header_bytes = sizeof(h);
  h.format_major = CAMEO_FORMAT_MAJOR;
  h.format_minor = CAMEO_FORMAT_MINOR;
  h.abi_version = CAMEO_ABI_VERSION;
  h.features = features;
  h.file_bytes = file.size();
  h.weights_offset = weights.offset;
  h.weights_bytes = weights.bytes;
  rt::Digest weightsDigest = rt::sha256(file.data() + weights.offset, weights.bytes);
  memcpy(h.weights_sha256, weightsDigest.data(), 32);
  rt::Digest codeDigest = rt::codeDigest(file.data(), file.size(), header, weights);
  memcpy(h.code_sha256, codeDigest.data(), 32);
  rt::Digest headerDigest = rt::headerDigest(h);
  memcpy(h.header_sha256, headerDigest.data(), 32);
  memcpy(file.data() + header.offset, &h, sizeof(h));
  return writeFile(output, loc, [&](llvm::raw_ostream &os) { os.write(file.data(), file.size()); });
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
  static std::mutex oneAtATime; // lld keeps global state
  std::lock_guard<std::mutex> lock(oneAtATime);
  lld::Result result = lld::lldMain(pointers, os, os, {{lld::Gnu, &lld::elf::link}});
  // What the objects are is ours; what can go wrong is writing the result.
  if (result.retCode != 0)
    return fileError(loc) << "linking " << output << " failed: " << StringRef(messages).trim();
  return success();
}

LogicalResult cameo::linkProgram(ArrayRef<std::string> objects, StringRef output, uint64_t features, Location loc) {
  // No -soname: the same program is the same bytes whatever its file is called.
  constexpr StringRef flags[] = {
      "-shared",          "--no-undefined-version", "-z", "noexecstack", "-z", "relro", "-z", "now",
      "--hash-style=gnu", "--build-id=none"};
  OutputFile linked(output); // never committed
  return success(succeeded(linked.create(loc)) && succeeded(link(flags, objects, linked.temporary(), loc)) &&
                 succeeded(sealProgram(linked.temporary(), output, features, loc)));
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
