/* The resolved recipe as YAML, and as a hash. */
#include "base/hash.h"
#include "conf/recipe_parts.h"
#include "conf/run.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Length of the key's sections: 14 of "student.loss." in "student.loss.past"; 0 at the top. */
static size_t section_length(const char *key)
{
    const char *dot = strrchr(key, '.');
    return dot ? (size_t)(dot - key) + 1 : 0;
}

static int depth_of(const char *key, size_t length)
{
    int depth = 0;
    for (size_t i = 0; i < length; i++) depth += key[i] == '.';
    return depth;
}

/* Opens the sections of `key` that are not those of `last`. */
static void open_sections(const char *last, const char *key, FILE *to)
{
    size_t end = section_length(key);
    for (size_t start = 0; start < end;) {
        size_t length = strcspn(key + start, ".") + 1;
        if (strncmp(last, key, start + length))
            fprintf(to, "%*s%.*s:\n", 2 * depth_of(key, start), "", (int)length - 1, key + start);
        start += length;
    }
}

static void write_variants(const recipe *r, const char *section, FILE *to)
{
    size_t count, start = strlen(section) + 1;
    const option *all = options_all(&count);
    if (recipe_variant_count(r, section)) fprintf(to, "  variants:\n");
    for (size_t v = 0; v < r->variant_count; v++) {
        const variant *each = &r->variants[v];
        if (strcmp(each->section, section)) continue;
        fprintf(to, "    %s:\n", each->name);
        for (size_t i = 0; i < count; i++) {
            if (!each->overrides[i].set) continue;
            fprintf(to, "      %s: ", all[i].key + start);
            value_write(&all[i], &each->overrides[i], to);
            fputc('\n', to);
        }
    }
}

void recipe_variant_write(const recipe *r, const char *section, const char *name, FILE *to)
{
    size_t count, written = 0;
    const option *all = options_all(&count);
    for (size_t v = 0; v < r->variant_count; v++) {
        const variant *each = &r->variants[v];
        if (strcmp(each->section, section) || strcmp(each->name, name)) continue;
        for (size_t i = 0; i < count; i++) {
            if (!each->overrides[i].set) continue;
            fprintf(to, "%s%s: ", written++ ? ", " : "", all[i].key + strlen(section) + 1);
            value_write(&all[i], &each->overrides[i], to);
        }
    }
}

void recipe_value_write(const recipe *r, const char *key, FILE *to)
{
    const option *o = option_find(key);
    if (o) value_write(o, &r->values[option_index(o)], to);
}

/* A value that follows from a swept one is not the recipe's but each member's own: written down, it would not follow
 * any more when it is read again. */
static bool follows_sweep(const recipe *r, const option *o)
{
    return o->inherits && !recipe_value(r, o->key)->given && sweep_has(r, o->inherits);
}

static void write_key(const recipe *r, const option *o, FILE *to)
{
    size_t section = section_length(o->key);
    if (follows_sweep(r, o)) return;
    fprintf(to, "%*s%s: ", 2 * depth_of(o->key, section), "", o->key + section);
    value_write(o, recipe_value(r, o->key), to);
    fputc('\n', to);
}

static bool is_last_of(const option *all, size_t count, size_t i, const char *section)
{
    size_t length = strlen(section);
    bool mine = !strncmp(all[i].key, section, length) && all[i].key[length] == '.';
    return mine && (i + 1 == count || strncmp(all[i + 1].key, section, length) || all[i + 1].key[length] != '.');
}

status recipe_write(const recipe *r, FILE *to)
{
    size_t count;
    const option *all = options_all(&count);
    const char *last = "";
    for (size_t i = 0; i < count; i++) {
        open_sections(last, all[i].key, to);
        write_key(r, &all[i], to);
        if (is_last_of(all, count, i, "teacher")) write_variants(r, "teacher", to);
        if (is_last_of(all, count, i, "student")) write_variants(r, "student", to);
        last = all[i].key;
    }
    sweep_write(r, to);
    return fflush(to) || ferror(to) ? FAIL(ERR_IO, "cannot write the recipe: %s", strerror(errno)) : OK;
}

static bool starts(const char *key, const char *prefix)
{
    return !strncmp(key, prefix, strlen(prefix));
}

/* What a step cannot depend on: how often and beside what it runs, common values that its section has taken over, and
 * the sections of later steps. */
static bool stream_ignores(const char *key)
{
    static const char *const KEPT[] = {"stream.",         "generate.", "data.train", "data.videos",   "data.split_seed",
                                       "data.frame_rate", "seed",      "device",     "launch.threads"};
    for (size_t i = 0; i < sizeof KEPT / sizeof KEPT[0]; i++)
        if (starts(key, KEPT[i])) return false;
    return true;
}

/* What a learner knows of videos does not depend on who is to see it. */
static bool features_ignore(const char *key)
{
    static const char *const KEPT[] = {"student.stream",  "data.",  "generate.",
                                       "video.on_broken", "device", "launch.threads"};
    for (size_t i = 0; i < sizeof KEPT / sizeof KEPT[0]; i++)
        if (starts(key, KEPT[i])) return false;
    return strcmp(key, "data.eval") != 0;
}

static bool step_ignores(const char *section, const char *key)
{
    if (!strcmp(section, "stream")) return stream_ignores(key);
    if (!strcmp(section, "features")) return features_ignore(key);
    if (starts(key, "stream.")) return true;
    if (!strcmp(section, "generate")) return !starts(key, "generate.") && strcmp(key, "seed") != 0;
    if (starts(key, "stages") || starts(key, "train.")) return true;
    if (starts(key, "teacher.seeds") || starts(key, "student.seeds")) return true;
    bool student = run_section_is_students(section);
    if (!strcmp(section, "student") && starts(key, "student.cache_fps")) return true;
    if (!student && (starts(key, "video.") || starts(key, "data.videos"))) return true;
    if (!strcmp(section, "teacher") || !strcmp(section, "pretrain"))
        return starts(key, "predict.") || starts(key, "student.") || starts(key, "teacher.baselines");
    return !strcmp(section, "predict") && starts(key, "student.");
}

static void write_hashed(const recipe *r, FILE *to)
{
    size_t count;
    const option *all = options_all(&count);
    for (size_t i = 0; i < count; i++) {
        if (!all[i].result || (r->step_section && step_ignores(r->step_section, all[i].key))) continue;
        fprintf(to, "%s=", all[i].key);
        value_write(&all[i], &r->values[i], to);
        fputc('\n', to);
    }
    write_variants(r, "teacher", to);
    write_variants(r, "student", to);
    sweep_write(r, to);
}

void recipe_hash(const recipe *r, char out[33])
{
    char *text = NULL;
    size_t length = 0;
    FILE *to = open_memstream(&text, &length);
    out[0] = '\0';
    if (!to) return;
    write_hashed(r, to);
    fclose(to);
    if (text) hash_bytes(text, length, out);
    free(text);
}
