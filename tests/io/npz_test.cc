// SPDX-License-Identifier: Apache-2.0
#include "engine/io/npz.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <cstring>
#include <string>

#include "absl/strings/str_cat.h"
#include "tests/io/temp_folder.h"

namespace otium {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string Little(uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text.push_back(static_cast<char>(value >> (8 * i) & 0xff));
  return text;
}

std::string Deflate(absl::string_view raw) {
  z_stream stream = {};
  deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  std::string out(raw.size() + 100, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(raw.data()));
  stream.avail_in = static_cast<uInt>(raw.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

uint32_t Crc(absl::string_view bytes) {
  return static_cast<uint32_t>(
      crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size())));
}

// A zip file made by hand, each of whose statements may be a lie.
struct Member {
  std::string name = "a.npy";
  std::string stored;  // As it lies in the file.
  uint16_t method = 0;
  uint16_t flags = 0;
  uint32_t crc = 0;
  uint64_t size = 0;
  uint64_t stored_size = 0;
  std::string behind;  // Such as a descriptor.
  bool zip64 = false;
};

Member Stored(absl::string_view name, absl::string_view raw) {
  return {.name = std::string(name),
          .stored = std::string(raw),
          .crc = Crc(raw),
          .size = raw.size(),
          .stored_size = raw.size()};
}

Member Deflated(absl::string_view name, absl::string_view raw) {
  Member member = Stored(name, raw);
  member.stored = Deflate(raw);
  member.stored_size = member.stored.size();
  member.method = 8;
  return member;
}

struct Zip {
  std::vector<Member> members;
  uint64_t entries = ~uint64_t{0};  // As many as there are.
  std::string comment;
  bool zip64 = false;
  int64_t shift = 0;  // Of every local header offset.

  std::string Bytes() const {
    std::string file, directory;
    for (const Member& m : members) {
      const std::string common =
          absl::StrCat(Little(m.flags, 2), Little(m.method, 2), Little(0, 4));
      const uint64_t offset = file.size() + shift;
      const bool descriptor = (m.flags & 8) != 0;
      absl::StrAppend(&file, "PK\x03\x04", Little(20, 2), common, Little(descriptor ? 0 : m.crc, 4),
                      Little(descriptor ? 0 : m.stored_size, 4), Little(descriptor ? 0 : m.size, 4),
                      Little(m.name.size(), 2), Little(0, 2), m.name, m.stored, m.behind);
      const std::string extra =
          m.zip64 ? absl::StrCat(Little(0x7777, 2), Little(1, 2), "x", Little(1, 2), Little(24, 2),
                                 Little(m.size, 8), Little(m.stored_size, 8), Little(offset, 8))
                  : "";
      absl::StrAppend(&directory, "PK\x01\x02", Little(20, 2), Little(20, 2), common,
                      Little(m.crc, 4), Little(m.zip64 ? 0xffffffff : m.stored_size, 4),
                      Little(m.zip64 ? 0xffffffff : m.size, 4), Little(m.name.size(), 2),
                      Little(extra.size(), 2), Little(0, 2), Little(0, 8),
                      Little(m.zip64 ? 0xffffffff : offset, 4), m.name, extra);
    }
    const uint64_t count = entries == ~uint64_t{0} ? members.size() : entries;
    const uint64_t start = file.size();
    file += directory;
    const uint64_t end = file.size();
    if (zip64) {
      absl::StrAppend(&file, "PK\x06\x06", Little(44, 8), Little(45, 2), Little(45, 2),
                      Little(0, 8), Little(count, 8), Little(count, 8), Little(directory.size(), 8),
                      Little(start, 8), "PK\x06\x07", Little(0, 4), Little(end, 8), Little(1, 4));
    }
    absl::StrAppend(&file, "PK\x05\x06", Little(0, 4), Little(zip64 ? 0xffff : count, 2),
                    Little(zip64 ? 0xffff : count, 2),
                    Little(zip64 ? 0xffffffff : directory.size(), 4),
                    Little(zip64 ? 0xffffffff : start, 4), Little(comment.size(), 2), comment);
    return file;
  }
};

absl::StatusOr<NpzReader> Open(absl::string_view bytes) {
  IntrusivePtr<Buffer> buffer = Buffer::Allocate(static_cast<int64_t>(bytes.size()));
  std::memcpy(buffer->data(), bytes.data(), bytes.size());
  return NpzReader::Open(buffer, "set.npz");
}

std::string ErrorOf(absl::string_view bytes) {
  const absl::StatusOr<NpzReader> reader = Open(bytes);
  if (!reader.ok()) return std::string(reader.status().message());
  const absl::StatusOr<std::vector<NamedTensor>> all = reader->ReadAll();
  return all.ok() ? "OK" : std::string(all.status().message());
}
std::string ErrorOf(const Member& member) { return ErrorOf(Zip{.members = {member}}.Bytes()); }

std::vector<NamedTensor> Examples() {
  const std::vector<double> ramp(3000, 0.25);
  return {{"weights", Tensor::Of<float>({{1, 2, 3}, {4, 5, 6}})},
          {"b", Tensor::Scalar<int64_t>(7)},
          {"empty", Tensor::Copy(nullptr, DType::kF16, {0, 4})},
          {"gr\xc3\xb6\xc3\x9f"
           "e/../x",
           Tensor::Copy(ramp.data(), DType::kF64, {30, 100})},
          {"flags", Tensor::Of<bool>({true, false, true})}};
}

std::string ExampleNpy() { return *NpyToString(Tensor::Of<double>({1, 2, 3})); }

TEST(NpzTest, RoundTrip) {
  TempFolder folder;
  for (const NpzCompression compression : {NpzCompression::kStored, NpzCompression::kDeflated}) {
    ASSERT_TRUE(WriteNpz(Examples(), folder / "a.npz", compression).ok());
    EXPECT_THAT(folder.List(), ElementsAre("a.npz"));
    for (const bool mmap : {false, true}) {
      const absl::StatusOr<NpzReader> reader = NpzReader::Open(folder / "a.npz", {.mmap = mmap});
      ASSERT_TRUE(reader.ok()) << reader.status();
      EXPECT_THAT(reader->names(), ElementsAre("weights", "b", "empty",
                                               "gr\xc3\xb6\xc3\x9f"
                                               "e/../x",
                                               "flags"));
      for (const NamedTensor& t : Examples()) {
        const absl::StatusOr<Tensor> read = reader->Read(t.name);
        ASSERT_TRUE(read.ok()) << read.status();
        EXPECT_TRUE(Tensor::BitwiseEqual(t.tensor, *read)) << t.name;
      }
      EXPECT_EQ(reader->ReadAll()->size(), 5u);
    }
  }
}

TEST(NpzTest, StoredMembersAreUsedWhereTheyAreMapped) {
  TempFolder folder;
  ASSERT_TRUE(WriteNpz(Examples(), folder / "a.npz").ok());
  const absl::StatusOr<NpzReader> reader = NpzReader::Open(folder / "a.npz");
  for (const NamedTensor& t : Examples()) {
    const Tensor tensor = *reader->Read(t.name);
    EXPECT_FALSE(tensor.buffer()->owned()) << t.name;
    EXPECT_EQ(reinterpret_cast<uintptr_t>(tensor.data()) % 64, 0u) << t.name;
  }
}

TEST(NpzTest, TheSameArraysAreTheSameBytes) {
  TempFolder folder;
  ASSERT_TRUE(WriteNpz(Examples(), folder / "a.npz", NpzCompression::kDeflated).ok());
  ASSERT_TRUE(WriteNpz(Examples(), folder / "b.npz", NpzCompression::kDeflated).ok());
  EXPECT_EQ(folder.Read("a.npz"), folder.Read("b.npz"));
}

TEST(NpzTest, HandMadeFilesAreRight) {
  const std::string npy = ExampleNpy();
  for (Member member : {Stored("a.npy", npy), Deflated("a.npy", npy)}) {
    EXPECT_EQ(ErrorOf(member), "OK");
    for (const bool zip64 : {false, true}) {
      member.zip64 = zip64;
      EXPECT_EQ(ErrorOf(Zip{.members = {member}, .zip64 = zip64}.Bytes()), "OK");
    }
    member.flags = 8;
    member.behind = absl::StrCat("PK\x07\x08", Little(member.crc, 4), Little(member.stored_size, 4),
                                 Little(member.size, 4));
    EXPECT_EQ(ErrorOf(Zip{.members = {member}, .comment = "PK\x05\x06 a comment"}.Bytes()), "OK");
  }
  EXPECT_EQ(ErrorOf(Zip{}.Bytes()), "OK");
  // What is no .npy file is passed over.
  const absl::StatusOr<NpzReader> reader = Open(
      Zip{.members = {Stored("read.me", "text"), Stored("a.npy", npy), Stored("d/", "")}}.Bytes());
  ASSERT_TRUE(reader.ok());
  EXPECT_THAT(reader->names(), ElementsAre("a"));
}

TEST(NpzTest, MissingNamesListWhatIsThere) {
  const absl::StatusOr<NpzReader> reader =
      Open(Zip{.members = {Stored("a.npy", "x"), Stored("b\x1b.npy", "y")}}.Bytes());
  EXPECT_EQ(reader->Read("c").status(),
            absl::NotFoundError("set.npz: there is no array 'c'; it holds a, b\\x1b"));
  std::vector<Member> many;
  for (int i = 0; i < 30; ++i) many.push_back(Stored(absl::StrCat("m", i, ".npy"), "x"));
  EXPECT_THAT(std::string(Open(Zip{.members = many}.Bytes())->Read("c").status().message()),
              HasSubstr("m19, and 10 more"));
}

TEST(NpzTest, LyingSizes) {
  const std::string npy = ExampleNpy();
  Member m = Stored("a.npy", npy);
  m.size += 1;
  EXPECT_THAT(ErrorOf(m), HasSubstr("cannot hold"));
  m = Stored("a.npy", npy);
  m.size = m.stored_size = npy.size() + 1;
  EXPECT_THAT(ErrorOf(m), HasSubstr("longer than the file"));
  m.size = m.stored_size = npy.size() - 8;
  m.crc = Crc(npy.substr(0, npy.size() - 8));
  EXPECT_THAT(ErrorOf(m), HasSubstr("truncated"));
  m = Deflated("a.npy", npy);
  m.size += 8;
  EXPECT_THAT(ErrorOf(m), HasSubstr("ends too early"));
  m.size -= 16;
  EXPECT_THAT(ErrorOf(m), HasSubstr("truncated"));
  m = Deflated("a.npy", npy);
  m.stored_size = uint64_t{1} << 40;
  m.zip64 = true;
  EXPECT_THAT(ErrorOf(m), HasSubstr("longer than the file"));
  m.size = m.stored_size = ~uint64_t{0};
  EXPECT_THAT(ErrorOf(m), HasSubstr("impossible"));
}

TEST(NpzTest, BombsAreNotInflated) {
  // 2^40 elements, claimed by header and directory alike, in 100 bytes.
  const std::string header =
      "\x93NUMPY\x01" + Little(0, 1) + Little(76, 2) +
      "{'descr': '<f8', 'fortran_order': False, 'shape': (1099511627776,), }      \n";
  Member bomb = Deflated("a.npy", header);
  bomb.size = header.size() + (uint64_t{1} << 43);
  bomb.zip64 = true;
  EXPECT_THAT(ErrorOf(bomb), HasSubstr("cannot hold"));
  // The directory claims little, the stream holds much: only what was claimed is
  // inflated.
  const std::string npy = ExampleNpy();
  Member more = Deflated("a.npy", npy + std::string(1 << 20, '\0'));
  more.size = npy.size();
  more.crc = Crc(npy);
  EXPECT_THAT(ErrorOf(more), HasSubstr("longer than it claims"));
  // It holds less than both claim.
  Member less = Deflated("a.npy", npy.substr(0, npy.size() - 1));
  less.size = npy.size();
  EXPECT_THAT(ErrorOf(less), HasSubstr("ends too early"));
  // Members that share their bytes.
  std::string overlap = Zip{.members = {Stored("a.npy", npy), Stored("a.npy", npy)}}.Bytes();
  overlap.replace(overlap.rfind("a.npy") - 4, 4, Little(0, 4));
  EXPECT_THAT(ErrorOf(overlap), HasSubstr("overlap"));
}

TEST(NpzTest, DamagedMembers) {
  const std::string npy = ExampleNpy();
  for (Member m : {Stored("a.npy", npy), Deflated("a.npy", npy)}) {
    m.crc ^= 1;
    EXPECT_EQ(ErrorOf(m),
              "set.npz:a: the zip file is broken: its checksum (CRC) is wrong, so its bytes are "
              "damaged");
  }
  Member m = Deflated("a.npy", npy);
  m.stored[0] = '\xff';
  EXPECT_THAT(ErrorOf(m), HasSubstr("not deflated data"));
  m = Deflated("a.npy", npy);
  m.stored += "x";
  m.stored_size += 1;
  EXPECT_THAT(ErrorOf(m), HasSubstr("not deflated data"));
  m = Stored("a.npy", npy);
  m.flags = 1;
  EXPECT_THAT(ErrorOf(m), HasSubstr("encrypted"));
  m = Stored("a.npy", npy);
  m.method = 12;
  EXPECT_THAT(ErrorOf(m), HasSubstr("compressed by method 12"));
  EXPECT_THAT(ErrorOf(Stored("a.npy", "no array")), HasSubstr("set.npz:a: not an .npy file"));
  EXPECT_THAT(ErrorOf(Deflated("a.npy", "no array")), HasSubstr("set.npz:a: not an .npy file"));
  EXPECT_THAT(ErrorOf(Deflated("a.npy", "")), HasSubstr("is empty"));
}

TEST(NpzTest, BrokenDirectories) {
  const Member a = Stored("a.npy", ExampleNpy());
  const std::string good = Zip{.members = {a}}.Bytes();
  EXPECT_THAT(ErrorOf(""), HasSubstr("empty"));
  EXPECT_THAT(ErrorOf("not a zip"), HasSubstr("not a zip file"));
  EXPECT_THAT(ErrorOf(good + "x"), HasSubstr("no end record"));
  EXPECT_THAT(ErrorOf("x" + good), HasSubstr("not where it says"));
  EXPECT_THAT(ErrorOf(Zip{.members = {a}, .entries = 2}.Bytes()), HasSubstr("too short"));
  EXPECT_THAT(ErrorOf(Zip{.members = {a}, .entries = 0}.Bytes()), HasSubstr("more members"));
  EXPECT_THAT(ErrorOf(Zip{.members = {a}, .entries = ~uint64_t{1}, .zip64 = true}.Bytes()),
              HasSubstr("too short"));
  EXPECT_THAT(ErrorOf(Zip{.members = {a}, .shift = 1}.Bytes()), HasSubstr("damaged"));
  EXPECT_THAT(ErrorOf(Zip{.members = {a}, .shift = 100000}.Bytes()), HasSubstr("outside"));
  EXPECT_THAT(ErrorOf(Zip{.members = {a, a}}.Bytes()), HasSubstr("two arrays are named 'a'"));
}

TEST(NpzTest, EveryTruncationAndEveryFlippedByteIsSurvived) {
  TempFolder folder;
  ASSERT_TRUE(WriteNpz({{"a", Tensor::Of<double>({1, 2})}, {"b", Tensor::Of<bool>({true})}},
                       folder / "a.npz", NpzCompression::kDeflated)
                  .ok());
  const std::string good = folder.Read("a.npz");
  ASSERT_EQ(ErrorOf(good), "OK");
  for (size_t i = 0; i < good.size(); ++i) {
    EXPECT_NE(ErrorOf(good.substr(0, i)), "OK") << i;
    std::string flipped = good;
    for (const int bit : {1, 128}) {
      flipped[i] = static_cast<char>(good[i] ^ bit);
      const absl::StatusOr<NpzReader> reader = Open(flipped);
      if (!reader.ok()) continue;
      // Names, dates, versions may change; numbers never do.
      for (const std::string& name : reader->names()) {
        const absl::StatusOr<Tensor> tensor = reader->Read(name);
        if (tensor.ok() && tensor->dtype() == DType::kF64) {
          EXPECT_THAT(tensor->ToVector<double>(), ElementsAre(1, 2)) << i;
        }
      }
    }
  }
}

TEST(NpzTest, NamesThatCannotBeWritten) {
  TempFolder folder;
  const Tensor t = Tensor::Scalar(1.0);
  EXPECT_FALSE(WriteNpz({{"", t}}, folder / "a.npz").ok());
  EXPECT_FALSE(WriteNpz({{std::string("a\0b", 3), t}}, folder / "a.npz").ok());
  EXPECT_FALSE(WriteNpz({{"a", t}, {"a", t}}, folder / "a.npz").ok());
  EXPECT_FALSE(WriteNpz({{std::string(70000, 'n'), t}}, folder / "a.npz").ok());
  EXPECT_TRUE(folder.List().empty());
  EXPECT_EQ(WriteNpz({{"a", t}}, "/dev/full").code(), absl::StatusCode::kResourceExhausted);
}

// The zip64 forms, which the sizes of a test would not reach on their own.
TEST(ZipTest, Zip64RoundTrip) {
  TempFolder folder;
  const std::string big(1000, 'z'), small = "s";
  absl::StatusOr<AtomicFile> file = AtomicFile::Create(folder / "a.zip");
  ZipWriter zip(&*file, /*zip64_from=*/500);
  ASSERT_TRUE(zip.Add("small", ZipMethod::kStored, {small}).ok());
  ASSERT_TRUE(zip.Add("big", ZipMethod::kStored, {big}).ok());
  ASSERT_TRUE(zip.Add("deflated", ZipMethod::kDeflated, {big, small}).ok());
  ASSERT_TRUE(zip.Add("last", ZipMethod::kDeflated, {small}).ok());
  ASSERT_TRUE(zip.Finish().ok());
  ASSERT_TRUE(file->Commit().ok());
  const std::string bytes = folder.Read("a.zip");
  const absl::StatusOr<std::vector<ZipMember>> members = ReadZipDirectory(bytes);
  ASSERT_TRUE(members.ok()) << members.status();
  ASSERT_EQ(members->size(), 4u);
  const std::string expected[] = {small, big, big + small, small};
  for (int i = 0; i < 4; ++i) {
    const ZipMember& member = (*members)[i];
    ASSERT_EQ(member.size, static_cast<int64_t>(expected[i].size()));
    std::string content(member.size, '\0');
    absl::StatusOr<ZipMemberReader> reader = ZipMemberReader::Open(bytes, member);
    ASSERT_TRUE(reader.ok());
    ASSERT_TRUE(reader->Read(content.data(), member.size).ok());
    EXPECT_TRUE(reader->Finish().ok());
    EXPECT_EQ(content, expected[i]);
  }
}

}  // namespace
}  // namespace otium
