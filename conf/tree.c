#include "conf/tree.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

typedef struct {
    yaml_parser_t yaml;
    arena *strings;
    problems *problems;
    place source;
    const char *bytes;
    size_t count; /* of bytes */
    size_t nodes;
    bool stopped; /* a problem after which nothing can be read */
} parser;

const char *node_kind_name(const node *n)
{
    static const char *const NAMES[] = {
        [NODE_SCALAR] = "a single value", [NODE_LIST] = "a list", [NODE_MAP] = "a mapping"};
    return NAMES[n->kind];
}

bool node_is_null(const node *n)
{
    static const char *const WORDS[] = {"", "~", "null", "Null", "NULL"};
    if (n->kind != NODE_SCALAR || !n->plain) return false;
    for (size_t i = 0; i < sizeof WORDS / sizeof WORDS[0]; i++)
        if (!strcmp(n->text, WORDS[i])) return true;
    return false;
}

static place place_of(const parser *p, yaml_mark_t mark)
{
    place at = p->source;
    if (at.order) return at; /* an argument has no lines */
    at.line = mark.line + 1;
    at.column = mark.column + 1;
    return at;
}

static status refuse(parser *p, yaml_mark_t mark, const char *what)
{
    p->stopped = true;
    problem_add(p->problems, place_of(p, mark), "%s", what);
    return OK;
}

/* The reader tells a byte, everything else a line and column. */
static yaml_mark_t mark_of_byte(const parser *p, size_t offset)
{
    yaml_mark_t mark = {0};
    for (size_t i = 0; i < offset && i < p->count; i++) {
        if (p->bytes[i] == '\n') mark.line++, mark.column = 0;
        else if ((p->bytes[i] & 0xC0) != 0x80) mark.column++; /* a character counts once in UTF-8 */
    }
    return mark;
}

static bool tab_at(const parser *p, yaml_mark_t mark)
{
    const char *line = p->bytes, *end = p->bytes + p->count;
    for (size_t i = 0; i < mark.line && line; i++) {
        line = memchr(line, '\n', (size_t)(end - line));
        if (line) line++;
    }
    for (; line && line < end && mark.column && *line != '\n'; line++)
        if ((*line & 0xC0) != 0x80) mark.column--;
    return line && line < end && *line == '\t';
}

static status syntax_problem(parser *p)
{
    const yaml_parser_t *y = &p->yaml;
    if (y->error == YAML_MEMORY_ERROR) return FAIL(ERR_MEMORY, "%s: no memory to parse it", p->source.source);
    if (y->error == YAML_READER_ERROR) {
        yaml_mark_t mark = mark_of_byte(p, y->problem_offset);
        p->stopped = true;
        problem_add(p->problems, place_of(p, mark), "not plain UTF-8 text: %s (byte %zu)", y->problem,
                    y->problem_offset);
        return OK;
    }
    if (tab_at(p, y->problem_mark)) return refuse(p, y->problem_mark, "a tab: YAML is indented with spaces");
    p->stopped = true;
    problem_add(p->problems, place_of(p, y->problem_mark), "not YAML: %s%s%s", y->problem, y->context ? " " : "",
                y->context ? y->context : "");
    return OK;
}

static status next_event(parser *p, yaml_event_t *event)
{
    memset(event, 0, sizeof *event);
    if (!yaml_parser_parse(&p->yaml, event)) return syntax_problem(p);
    return OK;
}

static status node_new(parser *p, node_kind kind, yaml_mark_t mark, node **out)
{
    if (++p->nodes > TREE_NODES_MAX) return refuse(p, mark, "too many values for a recipe");
    *out = arena_alloc(p->strings, sizeof **out);
    if (!*out) return FAIL(ERR_MEMORY, "%s: no memory to parse it", p->source.source);
    **out = (node){.kind = kind, .at = place_of(p, mark), .text = ""};
    return OK;
}

static status scalar_parse(parser *p, const yaml_event_t *event, node **out)
{
    const char *text = (const char *)event->data.scalar.value;
    size_t length = event->data.scalar.length;
    if (memchr(text, '\0', length)) return refuse(p, event->start_mark, "a zero byte inside a value");
    status st = node_new(p, NODE_SCALAR, event->start_mark, out);
    if (st != OK || p->stopped) return st;
    (*out)->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    (*out)->text = arena_copy(p->strings, text, length);
    return (*out)->text ? OK : FAIL(ERR_MEMORY, "%s: no memory to parse it", p->source.source);
}

static const char *refused_feature(const yaml_event_t *event)
{
    const yaml_char_t *anchor = NULL, *tag = NULL;
    switch (event->type) {
    case YAML_ALIAS_EVENT: return "an alias (*name): not part of a recipe; write the value out";
    case YAML_SCALAR_EVENT: anchor = event->data.scalar.anchor, tag = event->data.scalar.tag; break;
    case YAML_SEQUENCE_START_EVENT:
        anchor = event->data.sequence_start.anchor, tag = event->data.sequence_start.tag;
        break;
    case YAML_MAPPING_START_EVENT:
        anchor = event->data.mapping_start.anchor, tag = event->data.mapping_start.tag;
        break;
    default: break;
    }
    if (anchor) return "an anchor (&name): not part of a recipe; write the value out";
    if (tag) return "a tag (!name): not part of a recipe";
    return NULL;
}

static status node_parse(parser *p, size_t depth, yaml_event_type_t end, node **out);

static status list_parse(parser *p, size_t depth, node *list)
{
    status st = OK;
    for (node **tail = &list->first; st == OK && !p->stopped; tail = &(*tail)->next) {
        st = node_parse(p, depth, YAML_SEQUENCE_END_EVENT, tail);
        if (!*tail) break;
    }
    return st;
}

static status map_parse(parser *p, size_t depth, node *map)
{
    for (node **tail = &map->first;; tail = &(*tail)->next) {
        node *key = NULL;
        status st = node_parse(p, depth, YAML_MAPPING_END_EVENT, &key);
        if (st != OK || p->stopped || !key) return st;
        if (key->kind != NODE_SCALAR) {
            problem_add(p->problems, key->at, "%s where a key should be", node_kind_name(key));
            p->stopped = true;
            return OK;
        }
        st = node_parse(p, depth, YAML_NO_EVENT, tail);
        if (st != OK || p->stopped || !*tail) return st;
        (*tail)->key = key->text;
        (*tail)->key_at = key->at;
    }
}

static status event_parse(parser *p, size_t depth, const yaml_event_t *event, node **out)
{
    const char *refused = refused_feature(event);
    if (refused) return refuse(p, event->start_mark, refused);
    if (event->type == YAML_SCALAR_EVENT) return scalar_parse(p, event, out);
    if (depth >= TREE_DEPTH_MAX) return refuse(p, event->start_mark, "nested too deeply for a recipe");
    bool list = event->type == YAML_SEQUENCE_START_EVENT;
    status st = node_new(p, list ? NODE_LIST : NODE_MAP, event->start_mark, out);
    if (st != OK || p->stopped) return st;
    return list ? list_parse(p, depth + 1, *out) : map_parse(p, depth + 1, *out);
}

/* One node into `*out`, which stays NULL when the event `end` comes instead. */
static status node_parse(parser *p, size_t depth, yaml_event_type_t end, node **out)
{
    yaml_event_t event;
    status st = next_event(p, &event);
    *out = NULL;
    if (st == OK && !p->stopped && (end == YAML_NO_EVENT || event.type != end)) st = event_parse(p, depth, &event, out);
    yaml_event_delete(&event);
    return st;
}

/* Reads on to the document's start, or its end; false in `*there` when the text ends instead. */
static status document_edge(parser *p, yaml_event_type_t wanted, bool *there)
{
    status st = OK;
    for (*there = false; st == OK && !p->stopped && !*there;) {
        yaml_event_t event;
        st = next_event(p, &event);
        bool last = event.type == YAML_STREAM_END_EVENT || event.type == YAML_NO_EVENT;
        *there = event.type == wanted;
        yaml_event_delete(&event);
        if (last) break;
    }
    return st;
}

static status document_parse(parser *p, node **out)
{
    status st = OK;
    bool there, again;
    TRY(document_edge(p, YAML_DOCUMENT_START_EVENT, &there));
    if (!there || p->stopped) goto done;
    TRY(node_parse(p, 0, YAML_NO_EVENT, out));
    if (p->stopped) goto done;
    TRY(document_edge(p, YAML_DOCUMENT_START_EVENT, &again));
    if (again) TRY(refuse(p, p->yaml.mark, "a second document: a recipe is one"));
done:
    return st;
}

status tree_parse(arena *strings, problems *p, place source, const char *bytes, size_t count, node **out)
{
    status st = OK;
    parser in = {.strings = strings, .problems = p, .source = source, .bytes = bytes, .count = count};
    *out = NULL;
    if (!yaml_parser_initialize(&in.yaml)) return FAIL(ERR_MEMORY, "%s: no memory to parse it", source.source);
    yaml_parser_set_encoding(&in.yaml, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&in.yaml, (const unsigned char *)bytes, count);
    st = document_parse(&in, out);
    if (st != OK || in.stopped) *out = NULL;
    yaml_parser_delete(&in.yaml);
    return st;
}
