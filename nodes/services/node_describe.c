// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include <kith/describe.h>

#include "node_service.h"

enum kith_error kithi_node_describe(struct kith_serving *serving, const void *request, void *reply)
{
    const struct kith_node_service *service = serving->state;
    const Kith__NodeDescribeWanted *wanted = request;
    bool found = wanted->service[0] == 0;
    for (uint32_t place = 0; place < kith_service_count(service->node); place++) {
        const ProtobufCServiceDescriptor *descriptor = kith_service_at(service->node, place);
        if (wanted->service[0] != 0 && strcmp(descriptor->name, wanted->service) != 0)
            continue;
        enum kith_error error = kith_describe_service(*serving->message, reply, descriptor);
        if (error != KITH_OK)
            return error;
        found = true;
    }
    return found ? KITH_OK : KITH_ERROR_NOT_FOUND;
}
