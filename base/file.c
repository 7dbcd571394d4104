#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FIRST_READ = 64 * 1024 };

static status read_all(FILE *file, const char *path, size_t most, char **out, size_t *count)
{
    status st = OK;
    size_t used = 0, size = FIRST_READ;
    char *bytes = malloc(size);
    if (!bytes) TRY(FAIL(ERR_MEMORY, "%s: no memory to read it", path));
    for (;;) {
        used += fread(bytes + used, 1, size - 1 - used, file);
        if (used < size - 1) break;
        if (used > most) break;
        char *larger = size <= SIZE_MAX / 2 ? realloc(bytes, size * 2) : NULL;
        if (!larger) TRY(FAIL(ERR_MEMORY, "%s: no memory to read it", path));
        bytes = larger;
        size *= 2;
    }
    if (ferror(file)) TRY(FAIL(ERR_IO, "%s: cannot read: %s", path, strerror(errno)));
    if (used > most) TRY(FAIL(ERR_INPUT, "%s: larger than the %zu bytes allowed here", path, most));
    bytes[used] = '\0';
    *count = used;
    *out = bytes;
    bytes = NULL;
done:
    free(bytes);
    return st;
}

status file_read(const char *path, size_t most, char **out, size_t *count)
{
    FILE *file = fopen(path, "rbe");
    if (!file) return FAIL(ERR_MISSING, "%s: cannot open: %s", path, strerror(errno));
    status st = read_all(file, path, most, out, count);
    fclose(file);
    return st;
}

static status write_all(int fd, const char *path, const void *bytes, size_t count)
{
    const char *at = bytes;
    while (count) {
        ssize_t wrote = write(fd, at, count);
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote < 0) return FAIL(ERR_IO, "%s: cannot write: %s", path, strerror(errno));
        at += wrote;
        count -= (size_t)wrote;
    }
    return OK;
}

static status sync_parent(const char *path)
{
    char *parent = strdup(path);
    if (!parent) return FAIL(ERR_MEMORY, "%s: no memory for its name", path);
    char *slash = strrchr(parent, '/');
    if (slash == parent) slash[1] = '\0';
    else if (slash) *slash = '\0';
    status st = file_sync(slash ? parent : ".");
    free(parent);
    return st;
}

static status write_pieces(int fd, const char *path, size_t count, file_piece next, void *self)
{
    status st = OK;
    for (size_t i = 0; st == OK && i < count; i++) {
        const void *bytes = NULL;
        size_t size = 0;
        st = next(self, i, &bytes, &size);
        if (st == OK) st = write_all(fd, path, bytes, size);
    }
    return st;
}

static status replace(const char *path, size_t count, file_piece next, void *self, bool to_disk)
{
    status st = OK;
    char *temporary = NULL;
    int fd = -1;
    unsigned salt = 0; /* processes of other machines, with the same number, may write the same file */
    if (getentropy(&salt, sizeof salt)) salt = 0;
    if (asprintf(&temporary, "%s.tmp.%ld.%08x", path, (long)getpid(), salt) < 0) {
        temporary = NULL;
        TRY(FAIL(ERR_MEMORY, "%s: no memory for its name", path));
    }
    fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0) TRY(FAIL(ERR_CREATE, "%s: cannot create: %s", path, strerror(errno)));
    TRY(write_pieces(fd, path, count, next, self));
    if (to_disk && fsync(fd)) TRY(FAIL(ERR_IO, "%s: cannot write to disk: %s", path, strerror(errno)));
    int closed = close(fd);
    fd = -1;
    if (closed) TRY(FAIL(ERR_IO, "%s: cannot write: %s", path, strerror(errno)));
    if (rename(temporary, path)) TRY(FAIL(ERR_CREATE, "%s: cannot put in place: %s", path, strerror(errno)));
    if (to_disk) TRY(sync_parent(path));
done:
    if (fd >= 0) close(fd);
    if (st != OK && temporary) unlink(temporary);
    free(temporary);
    return st;
}

typedef struct {
    const void *bytes;
    size_t count;
} whole_file;

static status whole_piece(void *self, size_t i, const void **bytes, size_t *count)
{
    (void)i; /* the only one */
    const whole_file *whole = self;
    *bytes = whole->bytes;
    *count = whole->count;
    return OK;
}

status file_write(const char *path, const void *bytes, size_t count)
{
    return replace(path, 1, whole_piece, &(whole_file){bytes, count}, true);
}

status file_put(const char *path, const void *bytes, size_t count)
{
    return replace(path, 1, whole_piece, &(whole_file){bytes, count}, false);
}

status file_write_pieces(const char *path, size_t count, file_piece next, void *self)
{
    return replace(path, count, next, self, true);
}

status file_sync(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return FAIL(ERR_IO, "%s: cannot open: %s", path, strerror(errno));
    int failed = fsync(fd) && errno != EINVAL; /* some file systems cannot sync a directory: nothing to wait for */
    int reason = errno;
    close(fd);
    return failed ? FAIL(ERR_IO, "%s: cannot write to disk: %s", path, strerror(reason)) : OK;
}

bool file_exists(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && !S_ISDIR(info.st_mode);
}

bool directory_exists(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

status directory_make(const char *path)
{
    status st = OK;
    char *part = strdup(path);
    if (!part) TRY(FAIL(ERR_MEMORY, "%s: no memory for its name", path));
    for (char *slash = part; (slash = strchr(slash + 1, '/'));) {
        *slash = '\0';
        if (mkdir(part, 0777) && errno != EEXIST) TRY(FAIL(ERR_CREATE, "%s: cannot create: %s", part, strerror(errno)));
        *slash = '/';
    }
    if (mkdir(part, 0777) && errno != EEXIST) TRY(FAIL(ERR_CREATE, "%s: cannot create: %s", path, strerror(errno)));
    if (!directory_exists(path)) TRY(FAIL(ERR_CREATE, "%s: is there and is no directory", path));
done:
    free(part);
    return st;
}

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *walk)
{
    (void)info, (void)kind, (void)walk;
    return remove(path);
}

status directory_remove(const char *path)
{
    if (nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS) && errno != ENOENT)
        return FAIL(ERR_IO, "%s: cannot remove: %s", path, strerror(errno));
    return OK;
}

char *path_join(const char *a, const char *b)
{
    char *joined = NULL;
    if (b[0] == '/') return strdup(b);
    return asprintf(&joined, "%s/%s", a, b) < 0 ? NULL : joined;
}

bool path_stays_inside(const char *name)
{
    if (name[0] == '/') return false;
    for (const char *at = name; at; at = strchr(at, '/')) {
        if (*at == '/') at++;
        if (!strncmp(at, "..", 2) && (at[2] == '/' || !at[2])) return false;
    }
    return true;
}
