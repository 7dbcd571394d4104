#include "rank/libraries.h"

#include <elf.h>
#include <link.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LIBRARIES_MAX = 1024, LINE_BYTES = 192 };

typedef struct {
    char (*lines)[LINE_BYTES]; /* (count) */
    size_t count;
} library_list;

/* The build id among the notes of one segment, in hex. */
static bool find_build_id(const char *at, size_t size, char *out, size_t room)
{
    while (size >= sizeof(ElfW(Nhdr))) {
        ElfW(Nhdr) note;
        memcpy(&note, at, sizeof note);
        size_t name = (note.n_namesz + 3u) & ~3u, value = (note.n_descsz + 3u) & ~3u,
               whole = sizeof note + name + value;
        if (whole > size) return false;
        const char *bytes = at + sizeof note + name;
        if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 && !memcmp(at + sizeof note, "GNU", 4)) {
            for (size_t i = 0; i < note.n_descsz && 2 * i + 3 < room; i++)
                snprintf(out + 2 * i, 3, "%02x", (unsigned)(unsigned char)bytes[i]);
            return true;
        }
        at += whole;
        size -= whole;
    }
    return false;
}

static int take_library(struct dl_phdr_info *info, size_t size, void *self)
{
    (void)size;
    library_list *list = self;
    char id[64] = "", program[4096] = "";
    const char *path = info->dlpi_name;
    if (!path[0] && list->count == 0) { /* the program comes first and has no name */
        ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
        program[length < 0 ? 0 : length] = '\0';
        path = program;
    }
    if (!path[0] || list->count == LIBRARIES_MAX) return 0;
    bool found = false;
    for (size_t i = 0; !found && i < info->dlpi_phnum; i++)
        if (info->dlpi_phdr[i].p_type == PT_NOTE)
            found = find_build_id((const char *)(uintptr_t)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr),
                                  info->dlpi_phdr[i].p_memsz, id, sizeof id);
    struct stat file;
    if (!found && stat(path, &file) == 0) snprintf(id, sizeof id, "%lld", (long long)file.st_size);
    const char *slash = strrchr(path, '/');
    snprintf(list->lines[list->count++], LINE_BYTES, "%.100s %s", slash ? slash + 1 : path, id);
    return 0;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

char *libraries_list(void)
{
    char *text = NULL;
    size_t size;
    library_list list = {.lines = calloc(LIBRARIES_MAX, LINE_BYTES)};
    FILE *to = list.lines ? open_memstream(&text, &size) : NULL;
    if (to) {
        dl_iterate_phdr(take_library, &list);
        qsort(list.lines, list.count, LINE_BYTES, by_text);
        for (size_t i = 0; i < list.count; i++) fprintf(to, "%s\n", list.lines[i]);
        fclose(to);
    }
    free(list.lines);
    return text;
}

static void next_line(const char **at)
{
    *at += strcspn(*at, "\n");
    *at += **at == '\n';
}

/* Of two different lines of sorted lists: the one whose library the other list lacks, or either. */
static int compare_names(const char *a, const char *b)
{
    size_t first = strcspn(a, " \n"), second = strcspn(b, " \n");
    if (!*a || !*b) return *a ? -1 : 1;
    int order = strncmp(a, b, first < second ? first : second);
    return order ? order : (first > second) - (first < second);
}

void libraries_compare(const char *a, const char *b, bool (*matters)(const char *name), char *out, size_t size)
{
    out[0] = '\0';
    while (*a || *b) {
        char name[128];
        size_t first = strcspn(a, "\n"), second = strcspn(b, "\n");
        bool same = first == second && !strncmp(a, b, first);
        int order = same ? 0 : compare_names(a, b);
        const char *from = order > 0 ? b : a;
        snprintf(name, sizeof name, "%.*s", (int)strcspn(from, " \n"), from);
        if (!same && (!out[0] || (matters(name) && !matters(out)))) snprintf(out, size, "%s", name);
        if (order <= 0) next_line(&a);
        if (order >= 0) next_line(&b);
    }
}
