/* The place a run goes into. What can only be found by trying is tried: a file of a megabyte is written, locked, made
 * durable and removed. */
#include "base/clock.h"
#include "base/file.h"
#include "base/filesystem.h"
#include "doctor/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TRIAL_BYTES = 1 << 20, LEAST_MIB = 64, GOOD_GIB = 2, LEAST_FILES = 200, GOOD_FILES = 5000, CLOCK_MOST = 2 };
static const double MIB = 1 << 20, GIB = 1 << 30;
static const char OUT[] = "out", DISK[] = "disk";

status nearest_directory(const char *path, char **out)
{
    char *at = path[0] ? strdup(path) : strdup(".");
    struct stat info;
    while (at && stat(at, &info) && errno == ENOENT && strcmp(at, ".") && strcmp(at, "/")) {
        char *slash = strrchr(at, '/');
        if (!slash) strcpy(at, ".");
        else slash[slash == at] = '\0';
    }
    if (!at) return FAIL(ERR_MEMORY, "no memory for the name of a directory");
    *out = at;
    if (directory_exists(at)) return OK;
    status st = FAIL(ERR_CREATE, "%s: %s", at, stat(at, &info) ? strerror(errno) : "is there and is no directory");
    free(at);
    *out = NULL;
    return st;
}

/* ---- a file on trial --------------------------------------------------------------------------------------------- */

typedef struct {
    char *path;
    int fd;
    double seconds; /* of writing and fsync */
    double ahead;   /* the file system's clock before ours, in seconds */
} trial;

static status trial_create(const char *directory, trial *t)
{
    t->path = path_join(directory, ".magister-doctor.XXXXXX");
    if (!t->path) return FAIL(ERR_MEMORY, "no memory for the name of a file");
    t->fd = mkostemp(t->path, O_CLOEXEC);
    if (t->fd < 0) return FAIL(ERR_CREATE, "%s: nothing can be created there: %s", directory, strerror(errno));
    return OK;
}

static status trial_write(const char *directory, trial *t)
{
    char block[4096];
    memset(block, 'm', sizeof block);
    double begun = monotonic_seconds();
    for (size_t done = 0; done < TRIAL_BYTES;) {
        ssize_t wrote = write(t->fd, block, sizeof block);
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote < 0) return FAIL(ERR_IO, "%s: a file of 1 MiB cannot be written: %s", directory, strerror(errno));
        done += (size_t)wrote;
    }
    if (fsync(t->fd)) return FAIL(ERR_IO, "%s: a file cannot be made durable: %s", directory, strerror(errno));
    t->seconds = monotonic_seconds() - begun;
    struct stat info;
    double now = wall_seconds();
    if (fstat(t->fd, &info) == 0) t->ahead = (double)info.st_mtim.tv_sec + 1e-9 * (double)info.st_mtim.tv_nsec - now;
    return OK;
}

/* The launcher locks a run by flock, SQLite its store by fcntl. */
static status trial_lock(const char *directory, const trial *t)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (flock(t->fd, LOCK_EX | LOCK_NB))
        return FAIL(ERR_CREATE, "%s: files cannot be locked (flock): %s", directory, strerror(errno));
    flock(t->fd, LOCK_UN); /* on NFS both kinds are one */
    if (fcntl(t->fd, F_SETLK, &whole))
        return FAIL(ERR_CREATE, "%s: files cannot be locked (fcntl): %s", directory, strerror(errno));
    return OK;
}

static void trial_end(trial *t)
{
    if (t->fd >= 0) close(t->fd);
    if (t->fd >= 0) unlink(t->path);
    free(t->path);
}

/* ---- findings ---------------------------------------------------------------------------------------------------- */

static void tell_disk(const char *directory, const filesystem *fs, findings *to)
{
    static const char ADVICE[] = "make room, or take another place: out=DIR";
    double mib = (double)fs->bytes_free / MIB, gib = (double)fs->bytes_free / GIB;
    bool counts_files = fs->files > 0;
    if (mib < LEAST_MIB) finding_fail(to, DISK, ERR_IO, ADVICE, "%s has %.0f MiB free: no run fits", directory, mib);
    else if (counts_files && fs->files_free < LEAST_FILES)
        finding_fail(to, DISK, ERR_IO, ADVICE, "%s has inodes for %llu more files only: no run fits", directory,
                     (unsigned long long)fs->files_free);
    else if (gib < GOOD_GIB || (counts_files && fs->files_free < GOOD_FILES))
        finding_warn(to, DISK, ADVICE, "%s has %.1f GiB and %llu inodes free: a run of many checkpoints may not fit",
                     directory, gib, (unsigned long long)fs->files_free);
    else finding_ok(to, DISK, "%.1f GiB free of %.1f", gib, (double)fs->bytes / GIB);
}

static void tell_place(const machine_use *use, const char *directory, const filesystem *fs, const trial *t,
                       findings *to)
{
    const char *journal = fs->local ? "WAL" : "a rollback journal";
    if (fs->memory)
        finding_note(to, OUT, "a run that should outlive the machine's next start goes elsewhere: out=DIR",
                     "%s is on %s, in this machine's memory; the store uses %s", directory, fs->kind, journal);
    else
        finding_ok(to, OUT, "%s is on %s, %s; the store uses %s; 1 MiB is durable in %.0f ms", directory, fs->kind,
                   fs->local ? "local" : "shared or unknown to be local", journal, 1e3 * t->seconds);
    if (use->nodes > 1 && fs->local)
        finding_note(to, OUT, "", "%s looks local and there are %zu nodes: see below whether all of them have it",
                     directory, use->nodes);
    if (fabs(t->ahead) > CLOCK_MOST)
        finding_warn(to, "clock", "let both follow the same time server",
                     "files in %s get times %.0f s %s this machine's clock", directory, fabs(t->ahead),
                     t->ahead > 0 ? "ahead of" : "behind");
}

static status look(const machine_use *use, const char *directory, findings *to)
{
    status st = OK;
    filesystem fs;
    trial t = {.fd = -1};
    TRY(filesystem_of(directory, &fs));
    if (fs.read_only) TRY(FAIL(ERR_CREATE, "%s is mounted read-only", directory));
    TRY(trial_create(directory, &t));
    tell_disk(directory, &fs, to);
    TRY(trial_write(directory, &t));
    TRY(trial_lock(directory, &t));
    tell_place(use, directory, &fs, &t, to);
done:
    trial_end(&t);
    return st;
}

void check_out(const machine_use *use, findings *to)
{
    char *directory = NULL;
    status st = nearest_directory(use->out, &directory);
    if (st == OK) st = look(use, directory, to);
    if (st != OK) finding_fail_told(to, OUT, st, "take another place: out=DIR (or --out DIR)");
    free(directory);
}
