// SPDX-License-Identifier: Apache-2.0
#ifndef KITHI_PAYLOAD_H
#define KITHI_PAYLOAD_H

#include <kith/codec.h>

// The payload as a struct of `descriptor`. No bytes are a struct of defaults, as they are for
// messages from other nodes. NULL: it is something else, or there is no memory.
static inline const void *kithi_payload_read(struct kith_message *message,
                                             const ProtobufCMessageDescriptor *descriptor)
{
    if (message->descriptor == NULL && message->size == 0) {
        return kith_message_set_typed(message, descriptor);
    }
    return kith_message_typed(message, descriptor);
}

#endif
