#include "conf/problems.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MESSAGE_MAX = 512, TOLD_MAX = 4000 }; /* what fail_message holds, less the closing line */

static bool is_told(const problems *p, place at, const char *text)
{
    for (size_t i = 0; i < p->count && i < PROBLEMS_MAX; i++) {
        const place *known = &p->list[i].at;
        bool same = known->order == at.order && known->line == at.line && known->column == at.column;
        if (same && !strcmp(p->list[i].text, text)) return true;
    }
    return false;
}

void problem_add(problems *p, place at, const char *message, ...)
{
    char text[MESSAGE_MAX];
    va_list arguments;
    va_start(arguments, message);
    vsnprintf(text, sizeof text, message, arguments);
    va_end(arguments);
    if (is_told(p, at, text)) return;
    size_t i = p->count++;
    if (i >= PROBLEMS_MAX) return;
    const char *copy = arena_copy(p->strings, text, strlen(text));
    at.source = arena_copy(p->strings, at.source, strlen(at.source));
    if (!at.source) at.source = "recipe";
    p->list[i] = (struct problem){at, copy ? copy : "wrong, and no memory is left to say how"};
}

static int by_place(const void *a, const void *b)
{
    const place *x = &((const struct problem *)a)->at, *y = &((const struct problem *)b)->at;
    if (x->order != y->order) return x->order < y->order ? -1 : 1;
    if (x->line != y->line) return x->line < y->line ? -1 : 1;
    return (x->column > y->column) - (x->column < y->column);
}

static int format_problem(const struct problem *each, char *out, size_t size)
{
    const place *at = &each->at;
    if (!at->line) return snprintf(out, size, "%s: %s", at->source, each->text);
    return snprintf(out, size, "%s:%zu:%zu: %s", at->source, at->line, at->column, each->text);
}

status problems_end(problems *p)
{
    if (!p->count) return OK;
    size_t kept = p->count < PROBLEMS_MAX ? p->count : PROBLEMS_MAX, told = 0, used = 0;
    char all[TOLD_MAX] = "", line[TOLD_MAX];
    qsort(p->list, kept, sizeof p->list[0], by_place);
    for (; told < kept; told++) {
        size_t length = (size_t)format_problem(&p->list[told], line, sizeof line);
        if (length >= sizeof line) length = sizeof line - 1;
        if (used + length + 2 > sizeof all) break;
        used += (size_t)snprintf(all + used, sizeof all - used, "%s%s", told ? "\n" : "", line);
    }
    if (told < p->count) return FAIL(ERR_CONFIG, "%s\nand %zu more problems", all, p->count - told);
    return FAIL(ERR_CONFIG, "%s", all);
}
