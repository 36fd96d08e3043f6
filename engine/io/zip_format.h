// SPDX-License-Identifier: Apache-2.0
//
// The numbers of the zip format that its reader and writer share; names in
// PKWARE's APPNOTE are given where they differ.

#ifndef OTIUM_ENGINE_IO_ZIP_FORMAT_H_
#define OTIUM_ENGINE_IO_ZIP_FORMAT_H_

#include <cstddef>
#include <cstdint>

namespace otium {

inline constexpr uint32_t kZipLocalSignature = 0x04034b50;
inline constexpr uint32_t kZipDescriptorSignature = 0x08074b50;
inline constexpr uint32_t kZipEntrySignature = 0x02014b50;  // central file header
inline constexpr uint32_t kZipEndSignature = 0x06054b50;    // end of central directory
inline constexpr uint32_t kZip64EndSignature = 0x06064b50;
inline constexpr uint32_t kZip64LocatorSignature = 0x07064b50;

// Bytes of the fixed parts, signature included.
inline constexpr size_t kZipLocalSize = 30;
inline constexpr size_t kZipEntrySize = 46;
inline constexpr size_t kZipEndSize = 22;
inline constexpr size_t kZip64LocatorSize = 20;

// Flags.
inline constexpr uint16_t kZipEncrypted = 1 << 0;
inline constexpr uint16_t kZipHasDescriptor = 1 << 3;
inline constexpr uint16_t kZipUtf8Name = 1 << 11;

// Ids of extra fields.
inline constexpr uint16_t kZip64ExtraId = 0x0001;
inline constexpr uint16_t kZipAlignExtraId = 0xd935;  // Android's zipalign

}  // namespace otium

#endif  // OTIUM_ENGINE_IO_ZIP_FORMAT_H_
