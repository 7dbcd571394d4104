#include "base/file.h"
#include "base/picture_folder.h"
#include "video/cache_manifest.h"
#include "video/cache_video.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { THREADS_MOST = 256 };

/* A cache in the making. */
typedef struct {
    const cache_making *want;
    video_file_list files;
    cache_entry *at;     /* (files.count) */
    bool *kept;          /* (files.count) made by an earlier call */
    cache_manifest last; /* what an earlier call had made, by rising name */
    FILE *journal;       /* locked while it is open */

    pthread_mutex_t lock; /* of all below, and of the journal */
    size_t next, done;
    status failed;
    char message[512];
} maker;

/* ---- an earlier call --------------------------------------------------------------------------------------------- */

static bool directory_is_empty(const char *path)
{
    bool empty = true;
    DIR *folder = opendir(path);
    if (!folder) return true;
    for (struct dirent *entry; empty && (entry = readdir(folder));)
        empty = !strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..");
    closedir(folder);
    return empty;
}

static status folder_open(maker *m)
{
    status st = OK;
    const char *out = m->want->out;
    char *manifest = path_join(out, CACHE_MANIFEST), *journal = path_join(out, CACHE_JOURNAL);
    int fd = -1;
    if (!manifest || !journal) TRY(FAIL(ERR_MEMORY, "%s: no memory for its name", out));
    if (!directory_is_empty(out) && !m->want->resume)
        TRY(FAIL(ERR_CREATE, "%s: is not empty: --resume goes on with a cache in it, or take another folder", out));
    if (!directory_is_empty(out) && !file_exists(manifest) && !file_exists(journal))
        TRY(FAIL(ERR_CREATE, "%s: holds other things, and no cache to go on with: take another folder", out));
    TRY(directory_make(out));
    fd = open(journal, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0666);
    m->journal = fd < 0 ? NULL : fdopen(fd, "a+");
    if (!m->journal) TRY(FAIL(ERR_CREATE, "%s: cannot create: %s", journal, strerror(errno)));
    fd = -1;
    if (flock(fileno(m->journal), LOCK_EX | LOCK_NB))
        TRY(FAIL(ERR_CREATE, "%s: another process is making this cache", out));
done:
    if (fd >= 0) close(fd);
    free(manifest);
    free(journal);
    return st;
}

static int by_name(const void *a, const void *b)
{
    const cache_entry *x = a, *y = b;
    return strcmp(x->name, y->name);
}

/* A line of the journal: the form, then a video each. */
static status journal_take(maker *m, const char *where, const json_t *line, bool first)
{
    status st = OK;
    cache_entry entry = {0}, *larger;
    if (first) {
        TRY(cache_form_parse(where, line, &m->last.form));
        TRY(cache_form_compare(m->want->out, &m->last.form, &m->want->form));
        goto done;
    }
    TRY(cache_entry_parse(where, &m->last.form, line, &entry));
    larger = realloc(m->last.at, (m->last.count + 1) * sizeof *larger);
    if (!larger) TRY(FAIL(ERR_MEMORY, "%s: no memory for %zu videos", where, m->last.count + 1));
    m->last.at = larger;
    larger[m->last.count++] = entry;
    entry = (cache_entry){0};
done:
    if (st != OK) cache_entry_free(&entry);
    return st;
}

/* The last line may be cut off: what it was about is made again. */
static status journal_read(maker *m)
{
    status st = OK;
    char *line = NULL, where[256];
    size_t room = 0, number = 0;
    rewind(m->journal);
    for (ssize_t length; (length = getline(&line, &room, m->journal)) > 0; number++) {
        json_t *value = json_loadb(line, (size_t)length, 0, NULL);
        if (!value) break;
        snprintf(where, sizeof where, "%.200s/" CACHE_JOURNAL ":%zu", m->want->out, number + 1);
        st = journal_take(m, where, value, number == 0);
        json_decref(value);
        TRY(st);
    }
    if (m->last.count) qsort(m->last.at, m->last.count, sizeof *m->last.at, by_name);
done:
    free(line);
    return st;
}

static status last_read(maker *m)
{
    status st = OK;
    char *manifest = path_join(m->want->out, CACHE_MANIFEST);
    if (!manifest) TRY(FAIL(ERR_MEMORY, "%s: no memory for its name", m->want->out));
    if (!file_exists(manifest)) TRY(journal_read(m));
    else TRY(cache_manifest_read(m->want->out, &m->last));
    if (m->last.at) TRY(cache_form_compare(m->want->out, &m->last.form, &m->want->form));
done:
    free(manifest);
    return st;
}

/* ---- keeping ----------------------------------------------------------------------------------------------------- */

static bool pictures_are_whole(const maker *m, const cached_video *v)
{
    struct stat info = {0};
    char *path = cache_pictures_path(m->want->out, v->name);
    size_t bytes = v->frames * picture_bytes(&m->want->form.format, NULL);
    bool whole = path && stat(path, &info) == 0 && S_ISREG(info.st_mode) && (size_t)info.st_size == bytes;
    free(path);
    return whole;
}

static status keep(maker *m, size_t place)
{
    status st = OK;
    bool same = false;
    const video_file *file = &m->files.at[place];
    cache_entry *entry = cache_entry_find(m->last.at, m->last.count, file->name);
    if (!entry || !entry->about.frames || !pictures_are_whole(m, &entry->about)) goto done;
    TRY(cache_source_same(entry, file, picture_rate(m->want->frame_rate), &same));
    if (!same) goto done;
    TRY(video_source_look(file->path, &entry->size, &entry->mtime)); /* a new time is not asked about again */
    m->at[place] = *entry;
    m->kept[place] = true;
    m->done++;
    entry->source = entry->reason = NULL; /* it moved; its name keeps the list in order */
    entry->times = NULL;
    entry->replaced = NULL;
    m->at[place].name = strdup(entry->name);
    m->at[place].about.name = m->at[place].name;
    if (!m->at[place].name) TRY(FAIL(ERR_MEMORY, "%s: no memory for its name", file->path));
done:
    return st;
}

/* Pictures of videos that are no longer there. */
static void forget_gone(const maker *m)
{
    for (size_t i = 0; i < m->last.count; i++) {
        if (video_files_find(&m->files, m->last.at[i].name)) continue;
        char *path = cache_pictures_path(m->want->out, m->last.at[i].name);
        if (path) unlink(path);
        free(path);
    }
}

/* ---- journal ----------------------------------------------------------------------------------------------------- */

static status journal_line(maker *m, const json_t *value)
{
    if (json_dumpf(value, m->journal, JSON_COMPACT | JSON_REAL_PRECISION(17)) || fputc('\n', m->journal) == EOF ||
        fflush(m->journal))
        return FAIL(ERR_IO, "%s/" CACHE_JOURNAL ": cannot write: %s", m->want->out, strerror(errno));
    return OK;
}

static status journal_entry(maker *m, const cache_entry *entry)
{
    status st = OK;
    json_t *value = NULL;
    TRY(cache_entry_write(entry, &value));
    TRY(journal_line(m, value));
done:
    json_decref(value);
    return st;
}

/* From here on the journal says what there is, and the manifest, which is about to be wrong, is gone. */
static status journal_begin(maker *m)
{
    status st = OK;
    json_t *form = json_object();
    char *manifest = path_join(m->want->out, CACHE_MANIFEST);
    if (!form || !manifest) TRY(FAIL(ERR_MEMORY, "%s: no memory to make it", m->want->out));
    if (ftruncate(fileno(m->journal), 0))
        TRY(FAIL(ERR_IO, "%s/" CACHE_JOURNAL ": cannot write: %s", m->want->out, strerror(errno)));
    TRY(cache_form_write(&m->want->form, form));
    TRY(journal_line(m, form));
    for (size_t i = 0; i < m->files.count; i++)
        if (m->kept[i]) TRY(journal_entry(m, &m->at[i]));
    if (fsync(fileno(m->journal)))
        TRY(FAIL(ERR_IO, "%s/" CACHE_JOURNAL ": cannot write to disk: %s", m->want->out, strerror(errno)));
    if (unlink(manifest) && errno != ENOENT) TRY(FAIL(ERR_IO, "%s: cannot remove: %s", manifest, strerror(errno)));
done:
    json_decref(form);
    free(manifest);
    return st;
}

/* ---- making ------------------------------------------------------------------------------------------------------ */

static void finish_one(maker *m, size_t place, status st)
{
    pthread_mutex_lock(&m->lock);
    if (st == OK) st = journal_entry(m, &m->at[place]);
    if (st != OK && m->failed == OK) {
        m->failed = st;
        snprintf(m->message, sizeof m->message, "%s", fail_message());
    }
    fail_clear();
    m->done += st == OK;
    if (st == OK && m->want->tell) m->want->tell(m->want->self, &m->at[place].about, m->done, m->files.count);
    pthread_mutex_unlock(&m->lock);
}

static size_t take_next(maker *m)
{
    bool stop = m->want->stopped && m->want->stopped(m->want->self);
    pthread_mutex_lock(&m->lock);
    while (m->next < m->files.count && m->kept[m->next]) m->next++;
    if (stop && m->failed == OK && m->next < m->files.count) m->failed = ERR_RETRY;
    size_t place = m->failed == OK && m->next < m->files.count ? m->next++ : SIZE_MAX;
    pthread_mutex_unlock(&m->lock);
    return place;
}

static void *make_videos(void *at)
{
    maker *m = at;
    for (size_t place; (place = take_next(m)) != SIZE_MAX;)
        finish_one(m, place, cache_video_make(m->want, &m->files.at[place], &m->at[place]));
    return NULL;
}

static status make_all(maker *m)
{
    pthread_t threads[THREADS_MOST];
    int started = 0;
    while (started < m->want->threads - 1 && !pthread_create(&threads[started], NULL, make_videos, m)) started++;
    make_videos(m); /* this thread works too, and alone where no other can be had */
    for (int i = 0; i < started; i++) pthread_join(threads[i], NULL);
    if (m->failed == ERR_RETRY)
        return FAIL(ERR_RETRY, "%s: stopped when %zu of %zu videos were done: --resume goes on with them", m->want->out,
                    m->done, m->files.count);
    return m->failed == OK ? OK : FAIL(m->failed, "%s", m->message);
}

static status describe(const maker *m, json_t *into)
{
    status st = OK;
    char when[32];
    time_t now = time(NULL);
    struct tm day;
    strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &day));
    json_t *head = json_pack("{s:i, s:s, s:s, s:s, s:s}", "version", CACHE_VERSION, "made", when, "program",
                             "magister " MAGISTER_VERSION, "library", video_library(), "folder", m->want->videos);
    if (!head || json_object_update(into, head))
        TRY(FAIL(ERR_INPUT, "%s: cannot be written as UTF-8", m->want->videos));
    TRY(cache_form_write(&m->want->form, into));
done:
    json_decref(head);
    return st;
}

static status manifest_write(const maker *m)
{
    status st = OK;
    char *path = path_join(m->want->out, CACHE_MANIFEST), *text = NULL;
    json_t *root = json_object(), *videos = json_array(), *entry = NULL;
    if (!root || !videos || !path) TRY(FAIL(ERR_MEMORY, "%s: no memory for its manifest", m->want->out));
    TRY(describe(m, root));
    for (size_t i = 0; i < m->files.count; i++) {
        TRY(cache_entry_write(&m->at[i], &entry));
        if (json_array_append_new(videos, entry)) TRY(FAIL(ERR_MEMORY, "%s: no memory for its manifest", m->want->out));
    }
    if (!json_object_set(root, "videos", videos)) text = json_dumps(root, JSON_INDENT(1) | JSON_REAL_PRECISION(17));
    if (!text) TRY(FAIL(ERR_MEMORY, "%s: no memory for its manifest", m->want->out));
    TRY(file_write(path, text, strlen(text)));
done:
    json_decref(root);
    json_decref(videos);
    free(text);
    free(path);
    return st;
}

static status journal_remove(const maker *m)
{
    char *path = path_join(m->want->out, CACHE_JOURNAL);
    if (!path) return FAIL(ERR_MEMORY, "%s: no memory for its name", m->want->out);
    unlink(path); /* one that stays is passed over: there is a manifest */
    free(path);
    return OK;
}

static void count(const maker *m, cache_result *out)
{
    size_t picture = picture_bytes(&m->want->form.format, NULL);
    *out = (cache_result){.videos = m->files.count};
    for (size_t i = 0; i < m->files.count; i++) {
        const cached_video *v = &m->at[i].about;
        out->kept += m->kept[i];
        out->empty += v->frames == 0;
        out->damaged += v->replaced > 0;
        out->frames += v->frames;
        out->bytes += (uint64_t)v->frames * picture;
    }
}

static void maker_free(maker *m)
{
    for (size_t i = 0; m->at && i < m->files.count; i++) cache_entry_free(&m->at[i]);
    free(m->at);
    free(m->kept);
    cache_manifest_free(&m->last);
    video_files_free(&m->files);
    if (m->journal) fclose(m->journal);
    pthread_mutex_destroy(&m->lock);
}

status frame_cache_make(const cache_making *making, cache_result *out)
{
    status st = OK;
    maker m = {.want = making, .lock = PTHREAD_MUTEX_INITIALIZER};
    m.last.form = making->form;
    TRY(cache_form_check(&making->form));
    if (making->threads < 1 || making->threads > THREADS_MOST)
        TRY(FAIL(ERR_CONFIG, "videos can be decoded by 1 to %d threads, not %d", THREADS_MOST, making->threads));
    TRY(video_files_read(making->videos, &m.files));
    m.at = calloc(m.files.count, sizeof *m.at);
    m.kept = calloc(m.files.count, sizeof *m.kept);
    if (!m.at || !m.kept) TRY(FAIL(ERR_MEMORY, "%s: no memory for %zu videos", making->out, m.files.count));
    TRY(folder_open(&m));
    if (making->resume) TRY(last_read(&m));
    for (size_t i = 0; i < m.files.count; i++) TRY(keep(&m, i));
    TRY(journal_begin(&m));
    TRY(make_all(&m));
    forget_gone(&m);
    TRY(manifest_write(&m));
    TRY(journal_remove(&m));
    count(&m, out);
done:
    maker_free(&m);
    return st;
}
