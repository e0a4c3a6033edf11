// TileDatabase.cpp - see TileDatabase.h.
#include "TileDatabase.h"
#include "OutputFile.h"
#include "cameo/Pipeline/TextProblem.h"
#include "cameo/Support/ErrorCode.h"
#include "mlir/IR/Diagnostics.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace cameo;

static constexpr int64_t kForm = 1;

namespace cameo {

static bool fromJSON(const llvm::json::Value &value, MeasuredTile &tile, llvm::json::Path path) {
  llvm::json::ObjectMapper map(value, path);
  return map && map.map("kernel", tile.kernel) && map.map("among", tile.among) && map.map("us", tile.microseconds) &&
         map.map("us_of_model", tile.ofModel) && map.map("tile", tile.tile);
}

static llvm::json::Value toJSON(const MeasuredTile &tile) {
  llvm::json::Object fields;
  for (auto &[name, value] : tile.tile)
    fields[name] = value;
  return llvm::json::Object{{"kernel", tile.kernel},
                            {"among", tile.among},
                            {"us", tile.microseconds},
                            {"us_of_model", tile.ofModel},
                            {"tile", std::move(fields)}};
}

} // namespace cameo

/// The tiles in a text, or what is wrong with it.
static llvm::Expected<std::map<std::string, MeasuredTile>> parse(StringRef text) {
  if (auto problem = findTextProblem(text))
    return llvm::createStringError(problem->what);
  auto json = llvm::json::parse(text);
  if (!json)
    return json.takeError();
  llvm::json::Path::Root root;
  llvm::json::ObjectMapper map(*json, root);
  int64_t form = 0;
  std::map<std::string, MeasuredTile> tiles;
  if (!map || !map.map("cameo_tiles", form) || !map.map("tiles", tiles))
    return root.getError();
  if (form != kForm)
    return llvm::createStringError(llvm::formatv("cameo_tiles is {0}; expected {1}", form, kForm));
  return tiles;
}

LogicalResult TileDatabase::read(Location loc) {
  if (llvm::sys::fs::exists(path) && !llvm::sys::fs::is_regular_file(path))
    return withCode("E-FILE", mlir::emitError(loc)) << path << " is no regular file; name another";
  auto file = llvm::MemoryBuffer::getFile(path, /*IsText=*/true);
  if (!file && file.getError() == std::errc::no_such_file_or_directory)
    return success();
  if (!file)
    return withCode("E-FILE", mlir::emitError(loc)) << path << " cannot be read: " << file.getError().message();
  auto found = parse((*file)->getBuffer());
  if (!found)
    return withCode("E-FILE", mlir::emitError(loc))
           << path << " holds no measured tiles: " << llvm::toString(found.takeError())
           << "; name another file, or remove it";
  tiles = std::move(*found);
  return success();
}

const MeasuredTile *TileDatabase::find(const std::string &key) const {
  auto it = tiles.find(key);
  return it == tiles.end() ? nullptr : &it->second;
}

void TileDatabase::add(const std::string &key, MeasuredTile tile) {
  tiles[key] = tile;
  added[key] = std::move(tile);
}

void TileDatabase::write(Location loc) {
  if (added.empty())
    return;
  std::map<std::string, MeasuredTile> all;
  if (auto file = llvm::MemoryBuffer::getFile(path, /*IsText=*/true)) {
    if (auto found = parse((*file)->getBuffer()))
      all = std::move(*found);
    else
      llvm::consumeError(found.takeError());
  }
  for (auto &[key, tile] : added)
    all[key] = tile;
  (void)llvm::sys::fs::create_directories(llvm::sys::path::parent_path(path)); // writing says what is wrong
  llvm::json::Object entries;
  for (auto &[key, tile] : all)
    entries[key] = toJSON(tile);
  llvm::json::Value json = llvm::json::Object{{"cameo_tiles", kForm}, {"tiles", std::move(entries)}};
  if (auto problem = writeFile(path, [&](llvm::raw_ostream &os) { os << llvm::formatv("{0:2}", json) << "\n"; }))
    withCode("E-FILE", mlir::emitWarning(loc)) << problem->message << "; what was measured is not kept";
}

std::map<std::string, int64_t> cameo::toNumbers(DictionaryAttr tile) {
  std::map<std::string, int64_t> numbers;
  for (NamedAttribute field : tile) {
    std::string name = field.getName().str();
    if (auto number = dyn_cast<IntegerAttr>(field.getValue()))
      numbers[name] = number.getInt();
    else
      for (auto &[inner, value] : toNumbers(cast<DictionaryAttr>(field.getValue())))
        numbers[name + "." + inner] = value;
  }
  return numbers;
}
