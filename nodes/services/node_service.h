// SPDX-License-Identifier: Apache-2.0
// What the handlers of kith.Node share.
#ifndef KITHI_NODE_SERVICE_H
#define KITHI_NODE_SERVICE_H

#include <kith/node_service.h>
#include <kith/serve.h>

#include "node.pb-c.h"

#define KITHI_PAGE_ENTRIES 256 // processes or links in one reply at most

struct kith_node_service {
    struct kith_node *node;
    const struct kith_net *net; // NULL: no links
    struct kith_node_service_options options;
    enum kith_log_level log_level;
    bool benching; // a measurement is running
};

enum kith_error kithi_node_info(struct kith_serving *serving, const void *request, void *reply);
enum kith_error kithi_node_links(struct kith_serving *serving, const void *request, void *reply);
enum kith_error kithi_node_processes(struct kith_serving *serving, const void *request,
                                     void *reply);
enum kith_error kithi_node_process(struct kith_serving *serving, const void *request, void *reply);
enum kith_error kithi_node_bench(struct kith_serving *serving, const void *request, void *reply);
enum kith_error kithi_node_describe(struct kith_serving *serving, const void *request, void *reply);

// How many entries a page may have: what was asked for, what is sensible, and what a message of
// this node may hold if an entry takes so many bytes.
uint32_t kithi_node_page_limit(const struct kith_node_service *service, uint32_t wanted,
                               size_t entry_size);

#endif
