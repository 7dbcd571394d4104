#include "comm/share.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* Whole pages, at least one; 0 when that is more than a file can hold. */
static size_t pages_of(size_t count)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    if (count > (size_t)INT64_MAX - page) return 0;
    return count ? (count + page - 1) / page * page : page;
}

static bool map(shared_bytes *b, size_t count, int protection, int flags, int fd)
{
    size_t bytes = pages_of(count);
    void *at = bytes ? mmap(NULL, bytes, protection, flags, fd, 0) : MAP_FAILED;
    if (at == MAP_FAILED) return false;
    *b = (shared_bytes){.at = at, .count = count, .mapped = bytes};
    return true;
}

bool share_plain(shared_bytes *b, size_t count)
{
    return map(b, count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

/* Memory counts as a file here: beyond the limit of files (ulimit -f) the kernel would end the process. */
static bool within_limit(size_t bytes)
{
    struct rlimit most;
    return !getrlimit(RLIMIT_FSIZE, &most) && (most.rlim_cur == RLIM_INFINITY || bytes <= most.rlim_cur);
}

/* The pages are taken at once: memory that is not there is an error here and not a signal later. */
bool share_make(shared_bytes *b, size_t count, share_place *out)
{
    struct stat info;
    size_t bytes = pages_of(count);
    int fd = bytes && within_limit(bytes) ? memfd_create("magister", MFD_CLOEXEC) : -1;
    *out = (share_place){.descriptor = -1};
    if (fd < 0) return false;
    if (!posix_fallocate(fd, 0, (off_t)bytes) && !fstat(fd, &info) &&
        map(b, count, PROT_READ | PROT_WRITE, MAP_SHARED, fd)) {
        *out = (share_place){getpid(), fd, info.st_dev, info.st_ino};
        return true;
    }
    close(fd);
    return false;
}

void share_close(share_place *place)
{
    if (place->descriptor >= 0) close((int)place->descriptor);
    place->descriptor = -1;
}

bool share_join(shared_bytes *b, size_t count, const share_place *place)
{
    char path[64];
    struct stat info;
    snprintf(path, sizeof path, "/proc/%lld/fd/%lld", (long long)place->process, (long long)place->descriptor);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return false;
    bool same = !fstat(fd, &info) && info.st_dev == place->device && info.st_ino == place->number &&
                (size_t)info.st_size == pages_of(count);
    bool joined = same && map(b, count, PROT_READ, MAP_SHARED, fd);
    close(fd);
    return joined;
}

void share_protect(const shared_bytes *b)
{
    mprotect(b->at, b->mapped, PROT_READ);
}

void share_release(shared_bytes *b)
{
    if (b->at) munmap(b->at, b->mapped);
    *b = (shared_bytes){0};
}

const void *shared_bytes_at(const shared_bytes *b)
{
    return b->at;
}

size_t shared_bytes_count(const shared_bytes *b)
{
    return b->count;
}

void shared_bytes_free(shared_bytes **at)
{
    if (!at || !*at) return;
    share_release(*at);
    free(*at);
    *at = NULL;
}
