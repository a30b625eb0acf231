// SPDX-License-Identifier: Apache-2.0
// Services described by messages (describe.proto), and descriptors built from such descriptions:
// how a program calls a service that it wasn't compiled with.
#ifndef KITH_DESCRIBE_H
#define KITH_DESCRIBE_H

#include <kith/codec.h>

// The most of each in one description; per enumeration, message and service for the last three.
#define KITH_DESCRIPTION_SERVICES 64
#define KITH_DESCRIPTION_MESSAGES 256
#define KITH_DESCRIPTION_ENUMS    64
#define KITH_DESCRIPTION_VALUES   512
#define KITH_DESCRIPTION_FIELDS   256
#define KITH_DESCRIPTION_METHODS  256
#define KITH_DESCRIPTION_NAME     256 // bytes of a name, its zero included

struct Kith__Description; // <describe.pb-c.h>

// Adds the service to the description, with every message and enumeration that it reaches and that
// isn't there yet. `description` is part of `message`: made by kith_message_part or as its payload,
// and filled by nobody else. It borrows the names in the descriptors. Errors: LIMIT (of the numbers
// above), NO_MEMORY; the description is then of no use.
enum kith_error kith_describe_service(struct kith_message *message,
                                      struct Kith__Description *description,
                                      const ProtobufCServiceDescriptor *service);

// Builds the services of a description: gives an array of *count descriptors in the arena of
// `message`, as good as generated ones for all that the codec does, except that they know no
// defaults of proto2, and that protobuf_c_message_init can't take them (kith_part_init does). They
// borrow the texts of the description, so it must live as long; that is so if it is a part of
// `message`. Errors: INVALID (a name, number, type or label that can't be, something twice, or a
// name that is not described), LIMIT, NO_MEMORY.
enum kith_error kith_describe_build(struct kith_message *message,
                                    const struct Kith__Description *description,
                                    const ProtobufCServiceDescriptor **services, size_t *count);

#endif
