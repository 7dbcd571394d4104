#include "data/lmdb_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "LMDB files of this kind are little-endian");

/* Where things stand: in a page's header, its meta data, a database's description, a node. */
enum {
    PAGE_FLAGS = 10,
    PAGE_LOWER = 12,
    PAGE_UPPER = 14,
    PAGE_HEADER = 16,
    META_MAGIC = PAGE_HEADER,
    META_VERSION = META_MAGIC + 4,
    META_FREE = META_MAGIC + 24,
    META_MAIN = META_FREE + 48,
    META_LAST = META_MAIN + 48,
    META_TRANSACTION = META_LAST + 8,
    META_END = META_TRANSACTION + 8,
    TREE_PAGE_SIZE = 0, /* of the first database */
    TREE_FLAGS = 4,
    TREE_DEPTH = 6,
    TREE_ROOT = 40,
    NODE_FLAGS = 4,
    NODE_KEY_SIZE = 6,
    NODE_KEY = 8,
};
enum { BRANCH = 1, LEAF = 2, OVERFLOW = 4, META = 8, NODE_BIG = 1, DEPTH_MOST = 32 };
#define MAGIC 0xBEEFC0DEU
#define NO_PAGE UINT64_MAX

struct lmdb_file {
    const unsigned char *bytes;
    size_t size, page, pages; /* bytes of the file and of a page; pages in the file */
    uint64_t root;
    int depth;
};

static uint16_t u16_at(const unsigned char *at)
{
    uint16_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

static uint32_t u32_at(const unsigned char *at)
{
    uint32_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

static uint64_t u64_at(const unsigned char *at)
{
    uint64_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

/* ---- opening ------------------------------------------------------------------------------------------------------
 */

/* The meta page at `at`; NULL where there is none. */
static const unsigned char *meta_at(const lmdb_file *f, size_t at)
{
    if (f->size < META_END || at > f->size - META_END) return NULL;
    const unsigned char *meta = f->bytes + at;
    bool good = (u16_at(meta + PAGE_FLAGS) & META) && u32_at(meta + META_MAGIC) == MAGIC;
    return good ? meta : NULL;
}

static status check_meta(const char *path, lmdb_file *f, const unsigned char *meta)
{
    const unsigned char *tree = meta + META_MAIN;
    uint32_t version = u32_at(meta + META_VERSION);
    f->pages = f->size / f->page;
    f->root = u64_at(tree + TREE_ROOT);
    f->depth = u16_at(tree + TREE_DEPTH);
    if (version != 1) return FAIL(ERR_INPUT, "%s: LMDB data of version %u; version 1 is understood", path, version);
    if (u64_at(meta + META_LAST) >= f->pages)
        return FAIL(ERR_INPUT, "%s: holds %zu pages and says it has %llu: it was cut off", path, f->pages,
                    (unsigned long long)u64_at(meta + META_LAST) + 1);
    if (u16_at(tree + TREE_FLAGS))
        return FAIL(ERR_INPUT, "%s: an LMDB database with duplicate, reversed or whole-number keys", path);
    if (f->root == NO_PAGE) return FAIL(ERR_INPUT, "%s: an LMDB file without records", path);
    if (f->depth < 1 || f->depth > DEPTH_MOST) return FAIL(ERR_INPUT, "%s: a damaged LMDB file (depth)", path);
    return OK;
}

/* Of the two meta pages the one of the later transaction counts. */
static status read_meta(const char *path, lmdb_file *f)
{
    const unsigned char *first = meta_at(f, 0), *second;
    if (!first) return FAIL(ERR_INPUT, "%s: no LMDB file of a 64-bit little-endian machine", path);
    f->page = u32_at(first + META_FREE + TREE_PAGE_SIZE);
    if (f->page < 512 || f->page > 65536 || (f->page & (f->page - 1)))
        return FAIL(ERR_INPUT, "%s: a damaged LMDB file (pages of %zu bytes)", path, f->page);
    second = meta_at(f, f->page);
    bool later = second && u64_at(second + META_TRANSACTION) > u64_at(first + META_TRANSACTION);
    return check_meta(path, f, later ? second : first);
}

static status map_file(const char *path, lmdb_file *f)
{
    status st = OK;
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) TRY(FAIL(errno == ENOENT ? ERR_MISSING : ERR_IO, "%s: cannot open: %s", path, strerror(errno)));
    if (fstat(fd, &info)) TRY(FAIL(ERR_IO, "%s: cannot ask for its size: %s", path, strerror(errno)));
    if (!S_ISREG(info.st_mode) || info.st_size < META_END) TRY(FAIL(ERR_INPUT, "%s: no LMDB file: too short", path));
    void *at = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_SHARED, fd, 0);
    if (at == MAP_FAILED) TRY(FAIL(ERR_MEMORY, "%s: cannot be mapped: %s", path, strerror(errno)));
    f->bytes = at;
    f->size = (size_t)info.st_size;
done:
    if (fd >= 0) close(fd);
    return st;
}

status lmdb_open(const char *path, lmdb_file **out)
{
    status st = OK;
    lmdb_file *f = calloc(1, sizeof *f);
    if (!f) TRY(FAIL(ERR_MEMORY, "%s: no memory to open it", path));
    TRY(map_file(path, f));
    TRY(read_meta(path, f));
    *out = f;
    f = NULL;
done:
    lmdb_close(&f);
    return st;
}

void lmdb_close(lmdb_file **f)
{
    if (!*f) return;
    if ((*f)->bytes) munmap((void *)(uintptr_t)(*f)->bytes, (*f)->size);
    free(*f);
    *f = NULL;
}

/* ---- pages --------------------------------------------------------------------------------------------------------
 */

/* A branch or leaf whose table of nodes lies inside it. */
typedef struct {
    const unsigned char *at;
    size_t count;
} tree_page;

typedef struct {
    const unsigned char *at; /* the node */
    const unsigned char *key;
    size_t key_bytes, room; /* room: bytes of the page behind the key */
} node;

static bool page_get(const lmdb_file *f, uint64_t number, int kind, tree_page *out)
{
    if (number >= f->pages) return false;
    const unsigned char *at = f->bytes + number * f->page;
    size_t lower = u16_at(at + PAGE_LOWER), upper = u16_at(at + PAGE_UPPER);
    bool good = (u16_at(at + PAGE_FLAGS) & (BRANCH | LEAF | OVERFLOW | META)) == kind && u64_at(at) == number;
    if (!good || lower <= PAGE_HEADER || lower > upper || upper > f->page) return false;
    *out = (tree_page){at, (lower - PAGE_HEADER) / 2};
    return true;
}

static bool node_get(const lmdb_file *f, const tree_page *p, size_t i, node *out)
{
    size_t from = u16_at(p->at + PAGE_HEADER + 2 * i);
    if (from < PAGE_HEADER + 2 * p->count || from > f->page - NODE_KEY) return false;
    size_t bytes = u16_at(p->at + from + NODE_KEY_SIZE), left = f->page - from - NODE_KEY;
    if (bytes > left) return false;
    *out = (node){p->at + from, p->at + from + NODE_KEY, bytes, left - bytes};
    return true;
}

static int compare(const node *n, const void *key, size_t bytes)
{
    size_t common = n->key_bytes < bytes ? n->key_bytes : bytes;
    int order = common ? memcmp(n->key, key, common) : 0;
    return order ? order : (n->key_bytes > bytes) - (n->key_bytes < bytes);
}

/* The last node whose key is at most this one: its place, or `count` where all are larger. The first key of a branch is
 * not written and is below all. NULL key: the last of all. */
static bool place_of(const lmdb_file *f, const tree_page *p, bool branch, const void *key, size_t bytes, size_t *out)
{
    size_t low = 0, high = p->count; /* nodes before `low` are at most the key */
    if (branch) low = 1;
    if (!key) low = high;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        node n;
        if (!node_get(f, p, middle, &n)) return false;
        if (compare(&n, key, bytes) <= 0) low = middle + 1;
        else high = middle;
    }
    *out = low ? low - 1 : p->count;
    return true;
}

static bool record_get(const lmdb_file *f, const node *n, lmdb_record *out)
{
    size_t bytes = (size_t)u16_at(n->at) | (size_t)u16_at(n->at + 2) << 16;
    uint16_t flags = u16_at(n->at + NODE_FLAGS);
    *out = (lmdb_record){n->key, n->key + n->key_bytes, n->key_bytes, bytes};
    if (flags & ~NODE_BIG) return false;
    if (!(flags & NODE_BIG)) return bytes <= n->room;
    if (n->room < sizeof(uint64_t)) return false;
    uint64_t number = u64_at(out->value);
    if (number >= f->pages) return false;
    const unsigned char *at = f->bytes + number * f->page;
    if (!(u16_at(at + PAGE_FLAGS) & OVERFLOW) || bytes > f->size - number * f->page - PAGE_HEADER) return false;
    out->value = at + PAGE_HEADER;
    return true;
}

/* ---- searching ----------------------------------------------------------------------------------------------------
 */

static uint64_t child_of(const node *n)
{
    return (uint64_t)u16_at(n->at) | (uint64_t)u16_at(n->at + 2) << 16 | (uint64_t)u16_at(n->at + NODE_FLAGS) << 32;
}

/* Goes down from `number`, `level` branches above the leaves. `*before`: the child of a branch on the way that lies
 * next to the left, as deep as may be, with its level: where the floor is when this leaf holds only larger keys. */
static lmdb_answer descend(const lmdb_file *f, uint64_t number, int level, const void *key, size_t bytes,
                           uint64_t *before, int *before_level, lmdb_record *out)
{
    tree_page p;
    node n;
    size_t at = 0;
    for (; level > 0; level--) {
        if (!page_get(f, number, BRANCH, &p) || !place_of(f, &p, true, key, bytes, &at)) return LMDB_DAMAGED;
        if (at > 0) {
            if (!node_get(f, &p, at - 1, &n)) return LMDB_DAMAGED;
            *before = child_of(&n);
            *before_level = level - 1;
        }
        if (!node_get(f, &p, at, &n)) return LMDB_DAMAGED;
        number = child_of(&n);
    }
    if (!page_get(f, number, LEAF, &p) || !place_of(f, &p, false, key, bytes, &at)) return LMDB_DAMAGED;
    if (at == p.count) return LMDB_NONE;
    return node_get(f, &p, at, &n) && record_get(f, &n, out) ? LMDB_FOUND : LMDB_DAMAGED;
}

lmdb_answer lmdb_floor(const lmdb_file *f, const void *key, size_t bytes, lmdb_record *out)
{
    uint64_t before = NO_PAGE, unused = NO_PAGE;
    int level = 0, unused_level = 0;
    lmdb_answer answer = descend(f, f->root, f->depth - 1, key, bytes, &before, &level, out);
    if (answer != LMDB_NONE || before == NO_PAGE) return answer;
    return descend(f, before, level, NULL, 0, &unused, &unused_level, out); /* the last record on the left */
}
