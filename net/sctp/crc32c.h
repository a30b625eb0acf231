// SPDX-License-Identifier: Apache-2.0
// CRC32c, the checksum of SCTP (RFC 9260, appendix A). The library's own is ten times slower than
// the instruction that most CPUs have.
#ifndef KITHI_CRC32C_H
#define KITHI_CRC32C_H

#include <stddef.h>
#include <stdint.h>

typedef uint32_t kithi_crc32c_function(const void *data, size_t size);

// The fastest one that this CPU can do. In a file per CPU, chosen by the build.
kithi_crc32c_function *kithi_crc32c_choose(void);

// The one that every CPU can do.
uint32_t kithi_crc32c_table(const void *data, size_t size);

#endif
