#include "launcher/log_files.h"

#include "conf/run.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK = 1 << 16, FILES_MAX = 100000 };

/* ---- finding ----------------------------------------------------------------------------------------------------- */

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), tail = strlen(end);
    return length >= tail && !strcmp(text + length - tail, end);
}

/* "student.1.rank12.log": the last ".rank" counts, steps have dots of their own. */
static bool read_rank_name(const char *name, log_file *file)
{
    const char *rank = NULL;
    for (const char *at = name; (at = strstr(at, ".rank")); at++) rank = at;
    size_t digits = rank ? strspn(rank + 5, "0123456789") : 0, length = rank ? (size_t)(rank - name) : 0;
    if (!digits || digits > 8 || strcmp(rank + 5 + digits, ".log") != 0) return false;
    if (!length || length >= sizeof file->step) return false;
    snprintf(file->step, sizeof file->step, "%.*s", (int)length, name);
    file->rank = atoi(rank + 5);
    return true;
}

static bool read_name(const char *name, log_file *file)
{
    if (!strcmp(name, "launcher.log")) {
        file->rank = LOG_OF_LAUNCHER;
        snprintf(file->step, sizeof file->step, "launcher");
        return true;
    }
    if (!strncmp(name, "slurm-", 6) && ends_with(name, ".out")) {
        file->rank = LOG_OF_SLURM;
        snprintf(file->step, sizeof file->step, "slurm");
        return true;
    }
    return read_rank_name(name, file);
}

static bool is_wanted(const log_file *file, int rank)
{
    return file->rank == rank || (rank == LOG_ANY_RANK && file->rank >= 0);
}

static bool is_known(const log_files *files, const char *name)
{
    for (size_t i = 0; i < files->count; i++)
        if (!strcmp(files->at[i].name, name)) return true;
    return false;
}

static status add(log_files *files, const char *folder, const char *name, log_file file)
{
    struct stat info;
    if (asprintf(&file.path, "%s/%s", folder, name) < 0)
        return FAIL(ERR_MEMORY, "no memory for the logs of %s", folder);
    if (stat(file.path, &info) || !S_ISREG(info.st_mode)) { /* gone again, or no log */
        free(file.path);
        return OK;
    }
    file.name = file.path + strlen(folder) + 1;
    file.changed = info.st_mtim;
    file.inode = info.st_ino;
    ptrdiff_t last = files->last ? files->last - files->at : -1;
    log_file *larger = realloc(files->at, (files->count + 1) * sizeof *larger);
    if (!larger) {
        free(file.path);
        return FAIL(ERR_MEMORY, "no memory for the logs of %s", folder);
    }
    files->at = larger;
    files->last = last < 0 ? NULL : &larger[last];
    larger[files->count++] = file;
    return OK;
}

static int by_rank(const void *a, const void *b)
{
    const log_file *x = a, *y = b;
    int order = strcmp(x->step, y->step);
    return order ? order : (x->rank > y->rank) - (x->rank < y->rank);
}

status log_files_find(const char *run, int rank, log_files *files)
{
    status st = OK;
    DIR *folder = NULL;
    char *path = run_path(run, "logs");
    if (!path) TRY(FAIL(ERR_MEMORY, "no memory for the logs of %s", run));
    folder = opendir(path);
    if (!folder && errno == ENOENT) goto done;
    if (!folder) TRY(FAIL(ERR_IO, "%s: cannot be read: %s", path, strerror(errno)));
    size_t before = files->count;
    for (const struct dirent *entry; (entry = readdir(folder)) && files->count < FILES_MAX;) {
        log_file file = {0};
        if (!read_name(entry->d_name, &file) || !is_wanted(&file, rank) || is_known(files, entry->d_name)) continue;
        TRY(add(files, path, entry->d_name, file));
    }
    if (files->count > before) qsort(files->at + before, files->count - before, sizeof *files->at, by_rank);
done:
    if (folder) closedir(folder);
    free(path);
    return st;
}

void log_files_free(log_files *files)
{
    if (!files) return;
    for (size_t i = 0; i < files->count; i++) free(files->at[i].path);
    free(files->at);
    *files = (log_files){0};
}

/* ---- showing ----------------------------------------------------------------------------------------------------- */

static status write_out(const char *bytes, size_t count)
{
    if (fwrite(bytes, 1, count, stdout) != count) return FAIL(ERR_IO, "cannot write to stdout: %s", strerror(errno));
    return OK;
}

static status show_heading(log_files *files, const log_file *file)
{
    if (files->last == file) return OK;
    if (printf("%s==> %s <==\n", files->last ? "\n" : "", file->name) < 0)
        return FAIL(ERR_IO, "cannot write to stdout: %s", strerror(errno));
    files->last = file;
    return OK;
}

/* From file->shown to the end. */
static status show_rest(log_files *files, log_file *file, int fd, bool *any)
{
    char block[BLOCK];
    status st = OK;
    ssize_t got;
    while ((got = pread(fd, block, sizeof block, (off_t)file->shown)) > 0) {
        TRY(show_heading(files, file));
        TRY(write_out(block, (size_t)got));
        file->shown += got;
        *any = true;
    }
done:
    return st;
}

/* Where the last `lines` lines begin. A last line without its end counts as one. */
static int64_t begin_of_lines(int fd, int64_t size, int64_t lines)
{
    char block[BLOCK];
    int64_t end = size;
    while (end > 0 && lines > 0) {
        int64_t begin = end > BLOCK ? end - BLOCK : 0;
        ssize_t got = pread(fd, block, (size_t)(end - begin), (off_t)begin);
        if (got <= 0) return begin;
        for (ssize_t i = got; i > 0; i--) {
            bool ends_file = begin + i == size;
            if (block[i - 1] == '\n' && !ends_file && --lines == 0) return begin + i;
        }
        end = begin;
    }
    return lines > 0 ? 0 : size;
}

static int open_log(const log_file *file, struct stat *info)
{
    int fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd >= 0 && fstat(fd, info)) {
        close(fd);
        fd = -1;
    }
    return fd;
}

status log_file_show_end(log_files *files, size_t which, int64_t lines)
{
    struct stat info;
    bool any = false;
    log_file *file = &files->at[which];
    int fd = open_log(file, &info);
    if (fd < 0) return OK;
    file->inode = info.st_ino;
    file->shown = begin_of_lines(fd, info.st_size, lines);
    status st = show_rest(files, file, fd, &any);
    close(fd);
    return st;
}

void log_file_pass(log_file *file)
{
    struct stat info;
    if (stat(file->path, &info)) return;
    file->inode = info.st_ino;
    file->shown = info.st_size;
}

status log_file_show_new(log_files *files, size_t which, bool *any)
{
    struct stat info;
    log_file *file = &files->at[which];
    bool same = stat(file->path, &info) == 0 && info.st_ino == file->inode && info.st_size == file->shown;
    int fd = same ? -1 : open_log(file, &info);
    if (fd < 0) return OK;
    if (info.st_ino != file->inode || info.st_size < file->shown) file->shown = 0;
    file->inode = info.st_ino;
    status st = show_rest(files, file, fd, any);
    close(fd);
    return st;
}
