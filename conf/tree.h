/* tree - YAML text as a tree of nodes with places.
 *
 * Only what a recipe needs: mappings with plain words as keys, lists and scalars. Anchors, aliases (which can grow a
 * small file without bound), tags and several documents are refused; size, depth and number of nodes are bounded.
 */
#ifndef MAGISTER_CONF_TREE_H
#define MAGISTER_CONF_TREE_H

#include "conf/problems.h"

enum { TREE_BYTES_MAX = 1 << 20, TREE_DEPTH_MAX = 12, TREE_NODES_MAX = 20000 };

typedef enum { NODE_SCALAR, NODE_LIST, NODE_MAP } node_kind;

typedef struct node {
    node_kind kind;
    place at;
    const char *text; /* of a scalar */
    bool plain;       /* a scalar without quotes */
    const char *key;  /* of an entry of a mapping */
    place key_at;
    struct node *first, *next; /* first child; next sibling */
} node;

/* Parses `bytes` (count). Problems go to `p` with places in `source`; then `*out` is NULL. An empty text gives NULL
 * too, without a problem. All memory is from `strings`. Errors: ERR_MEMORY. */
status tree_parse(arena *strings, problems *p, place source, const char *bytes, size_t count, node **out);

/* "a list" and so on, for messages. */
const char *node_kind_name(const node *n);

/* True for a scalar that is YAML's null: empty, ~ or null without quotes. */
bool node_is_null(const node *n);

#endif
