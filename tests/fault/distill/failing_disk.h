/* failing_disk - a layer under SQLite whose n-th change of the disk fails: a write (half of it done), truncation, sync
 * or removal. It stands in front of SQLite's own file layer and is the default of the process once installed.
 *
 * Without shared memory SQLite cannot use a write-ahead log: the layer takes it away to test the rollback journal.
 */
#ifndef MAGISTER_TESTS_FAILING_DISK_H
#define MAGISTER_TESTS_FAILING_DISK_H

#include <sqlite3.h>
#include <stdbool.h>
#include <string.h>

static struct {
    sqlite3_vfs vfs, *real;
    sqlite3_io_methods methods;
    int changes;   /* since disk_start */
    int fail_at;   /* the change that fails, from 1; 0: none */
    bool for_good; /* all later ones fail too, as on a full or dead disk */
} disk;

typedef struct {
    sqlite3_file base;
    sqlite3_file *real;
} disk_file;

static inline bool disk_fails(void)
{
    disk.changes++;
    return disk.fail_at && (disk.for_good ? disk.changes >= disk.fail_at : disk.changes == disk.fail_at);
}

#define REAL(file) (((disk_file *)(file))->real)

static int disk_close(sqlite3_file *file)
{
    return REAL(file)->pMethods->xClose(REAL(file));
}

static int disk_read(sqlite3_file *file, void *to, int bytes, sqlite3_int64 at)
{
    return REAL(file)->pMethods->xRead(REAL(file), to, bytes, at);
}

static int disk_write(sqlite3_file *file, const void *from, int bytes, sqlite3_int64 at)
{
    bool fails = disk_fails();
    int code = REAL(file)->pMethods->xWrite(REAL(file), from, fails ? bytes / 2 : bytes, at);
    return fails ? SQLITE_FULL : code;
}

static int disk_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    return disk_fails() ? SQLITE_IOERR_TRUNCATE : REAL(file)->pMethods->xTruncate(REAL(file), size);
}

static int disk_sync(sqlite3_file *file, int flags)
{
    (void)file, (void)flags; /* the machine does not crash in these tests: the real one would only take time */
    return disk_fails() ? SQLITE_IOERR_FSYNC : SQLITE_OK;
}

static int disk_file_size(sqlite3_file *file, sqlite3_int64 *size)
{
    return REAL(file)->pMethods->xFileSize(REAL(file), size);
}

static int disk_lock(sqlite3_file *file, int level)
{
    return REAL(file)->pMethods->xLock(REAL(file), level);
}

static int disk_unlock(sqlite3_file *file, int level)
{
    return REAL(file)->pMethods->xUnlock(REAL(file), level);
}

static int disk_check_lock(sqlite3_file *file, int *out)
{
    return REAL(file)->pMethods->xCheckReservedLock(REAL(file), out);
}

static int disk_control(sqlite3_file *file, int what, void *argument)
{
    return REAL(file)->pMethods->xFileControl(REAL(file), what, argument);
}

static int disk_sector(sqlite3_file *file)
{
    return REAL(file)->pMethods->xSectorSize(REAL(file));
}

static int disk_device(sqlite3_file *file)
{
    (void)file;
    return 0; /* no atomic or ordered writes to rely on */
}

static int disk_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **out)
{
    return REAL(file)->pMethods->xShmMap(REAL(file), page, size, extend, out);
}

static int disk_shm_lock(sqlite3_file *file, int offset, int count, int flags)
{
    return REAL(file)->pMethods->xShmLock(REAL(file), offset, count, flags);
}

static void disk_shm_barrier(sqlite3_file *file)
{
    REAL(file)->pMethods->xShmBarrier(REAL(file));
}

static int disk_shm_unmap(sqlite3_file *file, int remove)
{
    return REAL(file)->pMethods->xShmUnmap(REAL(file), remove);
}

static int disk_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out)
{
    (void)vfs;
    disk_file *opened = (disk_file *)file;
    opened->real = (sqlite3_file *)(opened + 1);
    memset(opened->real, 0, (size_t)disk.real->szOsFile);
    int code = disk.real->xOpen(disk.real, name, opened->real, flags, out);
    opened->base.pMethods = opened->real->pMethods ? &disk.methods : NULL;
    return code;
}

static int disk_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
    (void)vfs;
    return disk_fails() ? SQLITE_IOERR_DELETE : disk.real->xDelete(disk.real, name, sync);
}

/* Puts the layer in front, with a write-ahead log possible or not. */
static inline void disk_install(bool with_log)
{
    disk.real = disk.real ? disk.real : sqlite3_vfs_find(NULL);
    disk.vfs = *disk.real;
    disk.vfs.zName = "failing-disk";
    disk.vfs.szOsFile = (int)sizeof(disk_file) + disk.real->szOsFile;
    disk.vfs.xOpen = disk_open;
    disk.vfs.xDelete = disk_delete;
    disk.methods = (sqlite3_io_methods){.iVersion = with_log ? 2 : 1,
                                        .xClose = disk_close,
                                        .xRead = disk_read,
                                        .xWrite = disk_write,
                                        .xTruncate = disk_truncate,
                                        .xSync = disk_sync,
                                        .xFileSize = disk_file_size,
                                        .xLock = disk_lock,
                                        .xUnlock = disk_unlock,
                                        .xCheckReservedLock = disk_check_lock,
                                        .xFileControl = disk_control,
                                        .xSectorSize = disk_sector,
                                        .xDeviceCharacteristics = disk_device,
                                        .xShmMap = disk_shm_map,
                                        .xShmLock = disk_shm_lock,
                                        .xShmBarrier = disk_shm_barrier,
                                        .xShmUnmap = disk_shm_unmap};
    sqlite3_vfs_register(&disk.vfs, 1);
}

/* From here on change `fail_at` fails (0: none does). */
static inline void disk_start(int fail_at, bool for_good)
{
    disk.changes = 0;
    disk.fail_at = fail_at;
    disk.for_good = for_good;
}

#endif
