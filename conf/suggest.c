#include "conf/suggest.h"

#include "conf/options.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { WORD_MAX = 127, TOLD_MAX = 3 };

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t edit_distance(const char *a, const char *b)
{
    size_t m = strnlen(a, WORD_MAX), n = strnlen(b, WORD_MAX);
    size_t rows[3][WORD_MAX + 1]; /* the row before last, the last, and this one, in turn */
    for (size_t j = 0; j <= n; j++) rows[0][j] = j;
    for (size_t i = 1; i <= m; i++) {
        size_t *here = rows[i % 3], *last = rows[(i - 1) % 3], *before = rows[(i + 1) % 3];
        here[0] = i;
        for (size_t j = 1; j <= n; j++) {
            bool same = a[i - 1] == b[j - 1];
            here[j] = least(least(last[j] + 1, here[j - 1] + 1), last[j - 1] + !same);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                here[j] = least(here[j], before[j - 2] + 1);
        }
    }
    return rows[m % 3][n];
}

static bool is_near(const char *word, size_t distance)
{
    return distance <= 1 + strlen(word) / 3;
}

const char *suggest_word(const char *word, const char *const *known, size_t count)
{
    const char *best = NULL;
    size_t distance = 0;
    for (size_t i = 0; i < count; i++) {
        size_t d = edit_distance(word, known[i]);
        if (!best || d < distance) best = known[i], distance = d;
    }
    return best && is_near(word, distance) ? best : NULL;
}

void suggest_choice(const char *word, const char *choices, char *out, size_t size)
{
    size_t distance = 0;
    out[0] = '\0';
    for (const char *at = choices; *at;) {
        size_t length = strcspn(at, "|");
        char one[WORD_MAX + 1];
        snprintf(one, sizeof one, "%.*s", (int)length, at);
        size_t d = edit_distance(word, one);
        if (is_near(word, d) && (!out[0] || d < distance)) snprintf(out, size, "%s", one), distance = d;
        at += length + (at[length] == '|');
    }
}

typedef struct {
    char key[TOLD_MAX][WORD_MAX + 1];
    size_t count, score;
} nearest;

static const char *leaf(const char *key)
{
    const char *dot = strrchr(key, '.');
    return dot ? dot + 1 : key;
}

/* Half points, so that of keys with an equal last part those that share the part before it come first. */
static size_t key_score(const char *wanted, const char *key)
{
    size_t spelled = 4 * edit_distance(wanted, key);
    size_t placed = 4 * edit_distance(leaf(wanted), leaf(key)) + 4;
    size_t m = strlen(wanted), n = strlen(key), common = 0;
    while (common < m && common < n && wanted[m - 1 - common] == key[n - 1 - common]) common++;
    if (common > strlen(leaf(wanted)) + 1) placed -= 2;
    return least(spelled, placed);
}

static void consider(nearest *best, const char *wanted, const char *key, size_t length)
{
    char candidate[WORD_MAX + 1];
    snprintf(candidate, sizeof candidate, "%.*s", (int)length, key);
    size_t score = key_score(wanted, candidate);
    if (score > 4 * (1 + strlen(leaf(wanted)) / 3)) return;
    if (best->count && score > best->score) return;
    if (!best->count || score < best->score) *best = (nearest){.score = score};
    for (size_t i = 0; i < best->count; i++)
        if (!strcmp(best->key[i], candidate)) return;
    if (best->count < TOLD_MAX) snprintf(best->key[best->count++], WORD_MAX + 1, "%s", candidate);
}

void suggest_key(const char *key, char *out, size_t size)
{
    nearest best = {0};
    size_t count, used = 0;
    const option *all = options_all(&count);
    for (size_t i = 0; i < count; i++) {
        consider(&best, key, all[i].key, strlen(all[i].key));
        for (const char *dot = all[i].key; (dot = strchr(dot, '.')); dot++)
            consider(&best, key, all[i].key, (size_t)(dot - all[i].key));
    }
    consider(&best, key, "sweep", 5);
    out[0] = '\0';
    for (size_t i = 0; i < best.count && used < size; i++) {
        const char *before = i == 0 ? ": did you mean " : i + 1 < best.count ? ", " : " or ";
        used += (size_t)snprintf(out + used, size - used, "%s%s", before, best.key[i]);
    }
    if (best.count && used < size) snprintf(out + used, size - used, "?");
}
