#include "conf/recipe_parts.h"

#include <stdlib.h>
#include <string.h>

enum { WIDTH = 120, VALUE_WIDTH = 12 };

static bool is_shown(const option *o, const char *prefix)
{
    return !prefix || !strncmp(o->key, prefix, strlen(prefix));
}

/* Rows that only repeat train.* are told in one line, unless they are asked for. */
static bool is_folded(const option *o, const char *prefix)
{
    return o->inherits && !(prefix && strstr(prefix, ".train"));
}

static int key_width(const char *prefix, bool sweep)
{
    size_t count, width = sweep ? strlen("sweep.KEY") : 0;
    const option *all = options_all(&count);
    for (size_t i = 0; i < count; i++)
        if (is_shown(&all[i], prefix) && !is_folded(&all[i], prefix) && strlen(all[i].key) > width)
            width = strlen(all[i].key);
    return (int)width;
}

/* Words of `text` from column `indent` to WIDTH. */
static void print_wrapped(FILE *to, const char *text, int indent)
{
    int column = indent;
    for (const char *word = text; *word;) {
        int length = (int)strcspn(word, " ");
        if (column > indent && column + 1 + length > WIDTH) {
            fprintf(to, "\n%*s", indent, "");
            column = indent;
        }
        if (column > indent) column += fprintf(to, " ");
        column += fprintf(to, "%.*s", length, word);
        word += length;
        word += strspn(word, " ");
    }
    fputc('\n', to);
}

static void print_row(FILE *to, const option *o, int width)
{
    char what[320], line[700];
    option_bounds(o, what, sizeof what);
    snprintf(line, sizeof line, "%s%s%s%s", o->help, what[0] ? " (" : "", what, what[0] ? ")" : "");
    int column = fprintf(to, "%-*s  %-*s  ", width, o->key, VALUE_WIDTH, o->standard);
    int indent = width + VALUE_WIDTH + 4;
    if (column > indent) fprintf(to, "\n%*s", indent, "");
    print_wrapped(to, line, indent);
}

static bool is_new_section(const char *last, const char *key)
{
    size_t length = strcspn(key, ".");
    return !key[length] || strncmp(last, key, length + 1) ? last[0] && strchr(key, '.') != NULL : false;
}

static void print_folded(FILE *to, const char *key, char *told, size_t size)
{
    char section[32];
    snprintf(section, sizeof section, "%.*s", (int)strcspn(key, "."), key);
    if (!strcmp(section, told)) return;
    snprintf(told, size, "%s", section);
    fprintf(to, "%s.train.*: the keys of train.*, each taken from there unless given here\n", section);
    fprintf(to, "%s.variants.NAME: keys of %s that another one, called NAME, has different\n", section, section);
    fprintf(to, "  (on the command line %s.variants=null takes all out, and %s.variants.NAME=null one)\n", section,
            section);
}

static const option SWEEP = {
    .key = "sweep.KEY",
    .type = OPTION_TEXTS,
    .standard = "none",
    .help =
        "list of the values that KEY takes: the recipe stands for a run of every combination of such lists, the last "
        "key changing fastest. KEY is any other key, also a variant's (student.variants.NAME.train.epochs), but not "
        "name, out, stages or launch.slurm.*",
};

static bool is_sweep_shown(const char *prefix)
{
    return is_shown(&SWEEP, prefix) || !strncmp(prefix, "sweep.", 6);
}

bool recipe_help(FILE *to, const char *prefix)
{
    size_t count, shown = 0;
    bool sweep = is_sweep_shown(prefix);
    int width = key_width(prefix, sweep);
    const char *last = "";
    char folded[32] = "";
    const option *all = options_all(&count);
    for (size_t i = 0; i <= count; i++) {
        const option *o = i < count ? &all[i] : &SWEEP;
        if (i < count ? !is_shown(o, prefix) : !sweep) continue;
        if (!shown++) fprintf(to, "%-*s  %-*s  %s\n\n", width, "key", VALUE_WIDTH, "default", "meaning");
        if (is_new_section(last, o->key)) fputc('\n', to);
        last = o->key;
        if (is_folded(o, prefix)) print_folded(to, o->key, folded, sizeof folded);
        else print_row(to, o, width);
    }
    return shown > 0;
}
