#include "base/filesystem.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>

typedef struct {
    unsigned long magic; /* f_type of statfs */
    const char *kind;
    bool local, memory;
} known_kind;

static const known_kind KINDS[] = {
    {0xef53, "ext4", true, false},          {0x58465342, "xfs", true, false},
    {0x9123683e, "btrfs", true, false},     {0x01021994, "tmpfs", true, true},
    {0x794c7630, "overlay", true, false},   {0x2fc12fc1, "zfs", true, false},
    {0xf2f52010, "f2fs", true, false},      {0x858458f6, "ramfs", true, true},
    {0xca451a4e, "bcachefs", true, false},  {0x6969, "nfs", false, false},
    {0x0bd00bd0, "lustre", false, false},   {0x47504653, "gpfs", false, false},
    {0x19830326, "beegfs", false, false},   {0x00c36400, "ceph", false, false},
    {0x65735546, "fuse", false, false},     {0xff534d42, "cifs", false, false},
    {0xfe534d42, "smb2", false, false},     {0x01021997, "9p", false, false},
    {0x5346414f, "afs", false, false},      {0x7461636f, "ocfs2", false, false},
    {0x01161970, "gfs2", false, false},     {0x20030528, "orangefs", false, false},
    {0xaad7aaea, "panfs", false, false},    {0x6a656a63, "virtiofs", false, false},
    {0x73717368, "squashfs", false, false},
};

static void name_kind(unsigned long magic, filesystem *out)
{
    magic &= 0xffffffff; /* f_type is signed on some machines */
    snprintf(out->kind, sizeof out->kind, "type 0x%lx", magic);
    for (size_t i = 0; i < sizeof KINDS / sizeof KINDS[0]; i++) {
        if (KINDS[i].magic != magic) continue;
        snprintf(out->kind, sizeof out->kind, "%s", KINDS[i].kind);
        out->local = KINDS[i].local;
        out->memory = KINDS[i].memory;
    }
}

status filesystem_of(const char *path, filesystem *out)
{
    struct statfs info;
    struct statvfs flags;
    *out = (filesystem){.kind = "unknown"};
    if (statfs(path, &info) || statvfs(path, &flags))
        return FAIL(errno == ENOENT || errno == ENOTDIR ? ERR_MISSING : ERR_IO,
                    "%s: the system does not tell its file system: %s", path, strerror(errno));
    name_kind((unsigned long)info.f_type, out);
    out->read_only = flags.f_flag & ST_RDONLY;
    out->bytes = (uint64_t)flags.f_blocks * flags.f_frsize;
    out->bytes_free = (uint64_t)flags.f_bavail * flags.f_frsize;
    out->files = flags.f_files;
    out->files_free = flags.f_favail;
    return OK;
}

status filesystem_of_parent(const char *path, filesystem *out)
{
    char *parent = strdup(path), *slash = parent ? strrchr(parent, '/') : NULL;
    if (!parent) return FAIL(ERR_MEMORY, "%s: no memory for its name", path);
    if (slash) slash[slash == parent] = '\0';
    status st = filesystem_of(slash ? parent : ".", out);
    free(parent);
    return st;
}
