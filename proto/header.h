// SPDX-License-Identifier: Apache-2.0
// The header of a frame to and from protobuf's bytes, by hand: every message that crosses a link
// pays for it, and protobuf-c's general way costs several times as much (docs/design/links.md). The
// bytes are those that protobuf-c writes for Kith__Frame, and those that it reads are read the
// same; tests and fuzzer compare the two.
#ifndef KITHI_HEADER_H
#define KITHI_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <frame.pb-c.h>

#define KITHI_HEADER_MAX 256 // bytes of any header

// Writes it at `out`, where there is room for KITHI_HEADER_MAX bytes, and gives its size.
size_t kithi_header_write(const Kith__Frame *header, uint8_t *out);

// Fills in *header; fields that this version doesn't know are skipped. False: malformed, and
// *header is undefined.
bool kithi_header_read(const uint8_t *data, size_t size, Kith__Frame *header);

#endif
