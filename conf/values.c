#include "conf/values.h"

#include "conf/suggest.h"

#include <ctype.h>
#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 4096, ITEMS_MAX = 1000, SHOWN_MAX = 60, DESCRIBED_MAX = 256 };

bool option_is_list(const option *o)
{
    return o->type >= OPTION_TEXTS;
}

bool option_is_number(const option *o)
{
    return o->type == OPTION_INT || o->type == OPTION_REAL || o->type == OPTION_INTS || o->type == OPTION_SIZES ||
           o->type == OPTION_REALS;
}

static void describe_bounds(const option *o, char *out, size_t size)
{
    if (o->most >= DBL_MAX) snprintf(out, size, "of at least %.10g", o->least);
    else snprintf(out, size, "from %.10g to %.10g", o->least, o->most);
}

static void describe_choices(const option *o, char *out, size_t size)
{
    size_t used = 0;
    for (const char *c = o->choices; *c && used + 3 < size; c++) {
        if (*c == '|') out[used++] = ',', out[used++] = ' ';
        else out[used++] = *c;
    }
    out[used] = '\0';
}

void option_describe(const option *o, char *out, size_t size)
{
    char detail[DESCRIBED_MAX] = "";
    if (option_is_number(o)) describe_bounds(o, detail, sizeof detail);
    if (o->choices) describe_choices(o, detail, sizeof detail);
    switch (o->type) {
    case OPTION_TEXT: snprintf(out, size, "text"); break;
    case OPTION_PATH: snprintf(out, size, "a path"); break;
    case OPTION_CHOICE: snprintf(out, size, "one of %s", detail); break;
    case OPTION_BOOL: snprintf(out, size, "true or false"); break;
    case OPTION_INT: snprintf(out, size, "a whole number %s", detail); break;
    case OPTION_REAL: snprintf(out, size, "a number %s", detail); break;
    case OPTION_TEXTS: snprintf(out, size, "a list of texts"); break;
    case OPTION_CHOICES: snprintf(out, size, "a list out of %s", detail); break;
    case OPTION_INTS:
    case OPTION_SIZES: snprintf(out, size, "a list of whole numbers %s", detail); break;
    case OPTION_REALS: snprintf(out, size, "a list of numbers %s", detail); break;
    }
}

void option_bounds(const option *o, char *out, size_t size)
{
    out[0] = '\0';
    if (o->choices) describe_choices(o, out, size);
    else if (o->type == OPTION_BOOL) snprintf(out, size, "true, false");
    else if (option_is_number(o) && o->most >= DBL_MAX) snprintf(out, size, "%.10g or more", o->least);
    else if (option_is_number(o)) snprintf(out, size, "%.10g to %.10g", o->least, o->most);
}

static status keep_text(arena *strings, const char *text, item *out)
{
    out->text = arena_copy(strings, text, strlen(text));
    return out->text ? OK : FAIL(ERR_MEMORY, "no memory for a recipe's values");
}

/* Bytes of a character that a line of YAML cannot hold as it is (controls, other line ends, byte-order marks). */
static bool is_unprintable(const unsigned char *at)
{
    if (at[0] < 0x20 || at[0] == 0x7F) return true;
    if (at[0] == 0xC2 && at[1] < 0xA0) return true;
    if (at[0] == 0xE2 && at[1] == 0x80 && (at[2] == 0xA8 || at[2] == 0xA9)) return true;
    return at[0] == 0xEF && ((at[1] == 0xBB && at[2] == 0xBF) || (at[1] == 0xBF && at[2] >= 0xBE));
}

static const char *text_fault(const option *o, const char *text)
{
    if (strlen(text) > TEXT_MAX) return "is longer than 4096 bytes";
    if (!text[0])
        return o->type == OPTION_PATH && !strcmp(o->standard, "null") ? "is empty (say null for none)" : "is empty";
    for (const char *at = text; *at; at++)
        if (is_unprintable((const unsigned char *)at)) return "holds a control character";
    return NULL;
}

/* [+-]digits; strtoll alone would also take spaces. */
static bool whole_parse(const char *text, int64_t *out)
{
    const char *digits = text + (*text == '-' || *text == '+');
    if (!*digits || digits[strspn(digits, "0123456789")]) return false;
    errno = 0;
    *out = strtoll(text, NULL, 10);
    return errno == 0;
}

/* Decimal numbers as YAML has them: no hexadecimal, infinity or NaN. */
static bool real_parse(const char *text, double *out)
{
    char *end;
    if (!*text || text[strspn(text, "+-.0123456789eE")]) return false;
    *out = strtod(text, &end);
    return !*end && isfinite(*out);
}

/* The shortest decimal that reads back as the same number. */
static void real_format(double x, char *out, size_t size)
{
    if (fabs(x) < 1e15 && x == floor(x)) {
        snprintf(out, size, "%.0f", x);
        return;
    }
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(out, size, "%.*g", digits, x);
        if (strtod(out, NULL) == x) return;
    }
}

static bool within(const option *o, double x)
{
    return x >= o->least && x <= o->most;
}

static void refuse_value(problems *p, const option *o, const node *n)
{
    char wanted[DESCRIBED_MAX + 64];
    option_describe(o, wanted, sizeof wanted);
    if (n->kind != NODE_SCALAR) problem_add(p, n->at, "%s is %s, not %s", o->key, wanted, node_kind_name(n));
    else if (node_is_null(n)) problem_add(p, n->at, "%s is %s; it cannot be empty or null", o->key, wanted);
    else
        problem_add(p, n->at, "%s is %s, not %s%.*s%s", o->key, wanted, n->plain ? "" : "the text \"", SHOWN_MAX,
                    n->text, n->plain ? "" : "\"");
}

static bool choice_has(const option *o, const char *text)
{
    size_t length = strlen(text);
    for (const char *at = o->choices; *at;) {
        size_t one = strcspn(at, "|");
        if (one == length && !memcmp(at, text, one)) return true;
        at += one + (at[one] == '|');
    }
    return false;
}

static void wrong_choice(problems *p, const option *o, const node *n)
{
    char known[DESCRIBED_MAX], near[DESCRIBED_MAX];
    describe_choices(o, known, sizeof known);
    suggest_choice(n->text, o->choices, near, sizeof near);
    problem_add(p, n->at, "%s is one of %s, not %.*s%s%s%s", o->key, known, SHOWN_MAX, n->text,
                near[0] ? ": did you mean " : "", near, near[0] ? "?" : "");
}

static status text_item(arena *strings, problems *p, const option *o, const node *n, item *out)
{
    const char *fault = text_fault(o, n->text);
    if (fault) problem_add(p, n->at, "%s %s", o->key, fault);
    return fault ? OK : keep_text(strings, n->text, out);
}

static status whole_item(arena *strings, problems *p, const option *o, const node *n, item *out)
{
    char text[32];
    int64_t whole;
    if (!n->plain || !whole_parse(n->text, &whole) || !within(o, (double)whole)) {
        refuse_value(p, o, n);
        return OK;
    }
    *out = (item){.whole = whole, .real = (double)whole};
    snprintf(text, sizeof text, "%lld", (long long)whole);
    return keep_text(strings, text, out);
}

static status real_item(arena *strings, problems *p, const option *o, const node *n, item *out)
{
    char text[32];
    double real;
    if (!n->plain || !real_parse(n->text, &real) || !within(o, real)) {
        refuse_value(p, o, n);
        return OK;
    }
    out->real = real == 0 ? 0 : real; /* no negative zero */
    real_format(out->real, text, sizeof text);
    return keep_text(strings, text, out);
}

static status bool_item(problems *p, const option *o, const node *n, item *out)
{
    bool yes = n->plain && (!strcmp(n->text, "true") || !strcmp(n->text, "True") || !strcmp(n->text, "TRUE"));
    bool no = n->plain && (!strcmp(n->text, "false") || !strcmp(n->text, "False") || !strcmp(n->text, "FALSE"));
    if (yes || no) *out = (item){.text = yes ? "true" : "false", .whole = yes, .real = yes};
    else refuse_value(p, o, n);
    return OK;
}

/* One item into `*out`; its text stays NULL when something was wrong with it. */
static status item_parse(arena *strings, problems *p, const option *o, const node *n, item *out)
{
    if (n->kind != NODE_SCALAR || node_is_null(n)) {
        refuse_value(p, o, n);
        return OK;
    }
    switch (o->type) {
    case OPTION_TEXT:
    case OPTION_PATH:
    case OPTION_TEXTS: return text_item(strings, p, o, n, out);
    case OPTION_INT:
    case OPTION_INTS:
    case OPTION_SIZES: return whole_item(strings, p, o, n, out);
    case OPTION_REAL:
    case OPTION_REALS: return real_item(strings, p, o, n, out);
    case OPTION_BOOL: return bool_item(p, o, n, out);
    case OPTION_CHOICE:
    case OPTION_CHOICES: break;
    }
    if (choice_has(o, n->text)) return keep_text(strings, n->text, out);
    wrong_choice(p, o, n);
    return OK;
}

static void refuse_repeats(problems *p, const option *o, const node *list, const value *v)
{
    size_t i = 0;
    for (const node *n = list->first; n; n = n->next, i++)
        for (size_t j = 0; j < i; j++)
            if (v->at[i].text && v->at[j].text && !strcmp(v->at[i].text, v->at[j].text)) {
                problem_add(p, n->at, "%s has %s twice", o->key, v->at[i].text);
                break;
            }
}

static status items_parse(arena *strings, problems *p, const option *o, const node *first, bool list, value *v)
{
    status st = OK;
    for (const node *n = first; n; n = list ? n->next : NULL) v->count++;
    v->at = arena_alloc(strings, (v->count + 1) * sizeof *v->at);
    if (!v->at) return FAIL(ERR_MEMORY, "no memory for a recipe's values");
    if (v->count > ITEMS_MAX) {
        problem_add(p, v->from, "%s has %zu entries; at most %d are allowed", o->key, v->count, ITEMS_MAX);
        return OK;
    }
    size_t i = 0;
    for (const node *n = first; n && st == OK; n = list ? n->next : NULL)
        st = item_parse(strings, p, o, n, &v->at[i++]);
    return st;
}

status value_parse(arena *strings, problems *p, const option *o, const node *n, value *out)
{
    bool list = option_is_list(o);
    value v = {.set = true, .from = n->at};
    size_t before = p->count;
    if (node_is_null(n) && !strcmp(o->standard, "null")) {
        v.null = true;
        *out = v;
        return OK;
    }
    if (list && n->kind != NODE_LIST) {
        refuse_value(p, o, n);
        return OK;
    }
    status st = items_parse(strings, p, o, list ? n->first : n, list, &v);
    bool repeats = o->type == OPTION_SIZES || o->type == OPTION_REALS;
    if (st == OK && list && !repeats && p->count == before) refuse_repeats(p, o, n, &v);
    if (st == OK && p->count == before) *out = v;
    return st;
}

/* Words that YAML reads back as the same text without quotes. */
static bool is_plain_word(const char *text)
{
    const node as_plain = {.kind = NODE_SCALAR, .text = text, .plain = true};
    if (node_is_null(&as_plain)) return false;
    if (!isalpha((unsigned char)text[0]) && text[0] != '/' && text[0] != '.') return false;
    for (const char *c = text; *c; c++)
        if (!isalnum((unsigned char)*c) && !strchr("_./-+", *c)) return false;
    return true;
}

static void text_write(const char *text, FILE *to)
{
    if (is_plain_word(text)) {
        fputs(text, to);
        return;
    }
    fputc('"', to);
    for (const char *c = text; *c; c++) {
        if (*c == '"' || *c == '\\') fputc('\\', to);
        fputc(*c, to);
    }
    fputc('"', to);
}

static void item_write(const option *o, const item *each, FILE *to)
{
    bool text = o->type == OPTION_TEXT || o->type == OPTION_PATH || o->type == OPTION_TEXTS;
    if (text) text_write(each->text, to);
    else fputs(each->text, to);
}

void value_write(const option *o, const value *v, FILE *to)
{
    if (v->null) {
        fputs("null", to);
        return;
    }
    if (option_is_list(o)) fputc('[', to);
    for (size_t i = 0; i < v->count; i++) {
        if (i) fputs(", ", to);
        item_write(o, &v->at[i], to);
    }
    if (option_is_list(o)) fputc(']', to);
}

bool value_equal(const value *a, const value *b)
{
    if (a->null != b->null || a->count != b->count) return false;
    for (size_t i = 0; i < a->count; i++)
        if (strcmp(a->at[i].text, b->at[i].text)) return false;
    return true;
}
