// SPDX-License-Identifier: Apache-2.0
// A circular doubly linked list whose nodes live in what they link.
#ifndef KITHI_LIST_H
#define KITHI_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct kithi_list {
    struct kithi_list *next, *previous;
};

// The struct of `type` whose `member` is at `node`.
#define KITHI_ENTRY(node, type, member) ((type *)(void *)((char *)(node)-offsetof(type, member)))

static inline void kithi_list_init(struct kithi_list *list)
{
    list->next = list;
    list->previous = list;
}

static inline bool kithi_list_empty(const struct kithi_list *list)
{
    return list->next == list;
}

static inline void kithi_list_append(struct kithi_list *list, struct kithi_list *node)
{
    node->next = list;
    node->previous = list->previous;
    list->previous->next = node;
    list->previous = node;
}

// Takes `node` out of whatever list it is in; harmless for one that is in none but was initialised.
static inline void kithi_list_remove(struct kithi_list *node)
{
    node->previous->next = node->next;
    node->next->previous = node->previous;
    kithi_list_init(node);
}

#endif
