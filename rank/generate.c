#include "rank/generate.h"

#include "base/file.h"
#include "base/log.h"
#include "data/kitchen.h"
#include "data/kitchen_render.h"
#include "data/signs_render.h"
#include "trainer/progress.h"
#include "trainer/trainer.h"
#include "video/encoder.h"

#include <stdlib.h>
#include <string.h>

enum { ROUND = 4, TEXT_MOST = 1 << 16, SECONDS_TO_KEYFRAME = 2, NAME_BYTES = KITCHEN_NAME };
_Static_assert((int)SIGN_NAME == (int)KITCHEN_NAME,
               "names of all worlds have the same room"); /* ROUND: videos of a rank between agreements */

/* What is filmed. `self` is the world's own. */
typedef struct {
    void *self;
    void (*name)(uint64_t number, char out[NAME_BYTES]);
    size_t (*begin)(void *self, uint64_t number); /* chooses a video; returns its frames */
    void (*draw)(void *self, size_t frame, uint8_t *rgb);
    status (*write)(void *self, const char *directory); /* what stands beside the videos, when they are there */
    void (*free)(void **self);
    int64_t count;     /* videos */
    int fps, keyframe; /* keyframe: frames from one to the next, at most */
    int drawing;       /* version of what draws */
    char about[96];    /* for film.txt: what the videos depend on besides that, size, fps and quality */
} world;

typedef struct {
    comm *comm;
    const char *directory;
    char *videos, *note; /* DIRECTORY/videos, and film.txt in it */
    encode_options encode;
    world world;
    uint8_t *picture; /* (size, size, 3) */
    progress progress;
} studio;

/* ---- the kitchen ------------------------------------------------------------------------------------------------- */

typedef struct {
    kitchen_options options;
    grammar *grammar;
    renderer *renderer;
    kitchen_video video;
} kitchen_world;

static void kitchen_free(void **self)
{
    kitchen_world *k = *self;
    if (!k) return;
    renderer_free(&k->renderer);
    grammar_free(&k->grammar);
    free(k);
    *self = NULL;
}

static size_t kitchen_begin(void *self, uint64_t number)
{
    kitchen_world *k = self;
    kitchen_video_draw(k->grammar, k->options.seed, number, &k->video);
    renderer_begin(k->renderer, &k->video, number);
    return renderer_frames(k->renderer, &k->video);
}

static void kitchen_draw(void *self, size_t frame, uint8_t *rgb)
{
    renderer_draw(((kitchen_world *)self)->renderer, frame, rgb);
}

static status kitchen_write(void *self, const char *directory)
{
    return kitchen_generate(&((kitchen_world *)self)->options, directory);
}

static status kitchen_open(const recipe *r, int size, world *out)
{
    status st = OK;
    kitchen_world *k = calloc(1, sizeof *k);
    *out = (world){.self = k,
                   .name = kitchen_video_name,
                   .begin = kitchen_begin,
                   .draw = kitchen_draw,
                   .write = kitchen_write,
                   .free = kitchen_free,
                   .drawing = KITCHEN_DRAWING,
                   .fps = (int)recipe_int(r, "generate.render_fps")};
    out->keyframe = SECONDS_TO_KEYFRAME * out->fps;
    if (!k) TRY(FAIL(ERR_MEMORY, "no memory to film the kitchen"));
    k->options = kitchen_options_read(r);
    const kitchen_options *o = &k->options;
    const render_options render = {.size = size, .fps = out->fps, .noise = o->noise, .seed = o->seed};
    out->count = o->videos + o->eval_videos;
    snprintf(out->about, sizeof out->about, "videos %lld\nseed %llu\nnoise %.17g", (long long)out->count,
             (unsigned long long)o->seed, o->noise);
    TRY(grammar_new(&k->grammar));
    TRY(renderer_new(k->grammar, &render, &k->renderer));
done:
    return st;
}

/* ---- signs ------------------------------------------------------------------------------------------------------- */

typedef struct {
    sign_options options;
    sign_renderer *renderer;
} sign_world;

static void signs_free(void **self)
{
    sign_world *w = *self;
    if (!w) return;
    sign_renderer_free(&w->renderer);
    free(w);
    *self = NULL;
}

static size_t signs_begin(void *self, uint64_t number)
{
    sign_world *w = self;
    sign_clip clip;
    sign_clip_draw(&w->options, number, &clip);
    sign_renderer_begin(w->renderer, &clip);
    return (size_t)sign_frames(&clip);
}

static void signs_draw(void *self, size_t frame, uint8_t *rgb)
{
    sign_renderer_draw(((sign_world *)self)->renderer, (int)frame, rgb);
}

static status signs_annotate(void *self, const char *directory)
{
    return signs_write(&((sign_world *)self)->options, directory);
}

static status signs_open(const recipe *r, world *out)
{
    status st = OK;
    sign_world *w = calloc(1, sizeof *w);
    *out = (world){.self = w,
                   .name = sign_clip_name,
                   .begin = signs_begin,
                   .draw = signs_draw,
                   .write = signs_annotate,
                   .free = signs_free,
                   .drawing = SIGN_DRAWING,
                   .fps = SIGN_FPS,
                   .keyframe = 1}; /* traces of the frame before would tell a sign's order */
    if (!w) TRY(FAIL(ERR_MEMORY, "no memory to film signs"));
    w->options = sign_options_read(r);
    const sign_options *o = &w->options;
    out->count = o->clips[0] + o->clips[1] + o->clips[2];
    snprintf(out->about, sizeof out->about, "signs %lld %lld %lld\nseed %llu\nnoise %.17g", (long long)o->clips[0],
             (long long)o->clips[1], (long long)o->clips[2], (unsigned long long)o->seed, o->noise);
    TRY(sign_renderer_new(o, &w->renderer));
done:
    return st;
}

/* ---- opening ------------------------------------------------------------------------------------------------------
 */

static void studio_close(studio *s)
{
    progress_pause(&s->progress);
    if (s->world.free) s->world.free(&s->world.self);
    free(s->picture);
    free(s->videos);
    free(s->note);
}

static status studio_open(comm *c, const recipe *r, const char *directory, studio *s)
{
    status st = OK;
    int size = (int)recipe_int(r, "generate.size");
    *s = (studio){.comm = c, .directory = directory};
    TRY(signs_are_meant(r) ? signs_open(r, &s->world) : kitchen_open(r, size, &s->world));
    s->encode = (encode_options){.width = size,
                                 .height = size,
                                 .fps = s->world.fps,
                                 .quality = (int)recipe_int(r, "generate.quality"),
                                 .keyframe = s->world.keyframe};
    s->videos = path_join(directory, "videos");
    s->note = s->videos ? path_join(s->videos, "film.txt") : NULL;
    s->picture = malloc(3 * (size_t)size * (size_t)size);
    if (!s->note || !s->picture) TRY(FAIL(ERR_MEMORY, "no memory to film"));
    progress_begin(&s->progress, comm_rank(c) == 0, 0, s->world.count);
done:
    return st;
}

/* ---- what is there already --------------------------------------------------------------------------------------- */

static status note_matches(const studio *s, const char *text, bool *matches)
{
    status st = OK;
    char *bytes = NULL;
    size_t count = 0;
    *matches = false;
    if (!file_exists(s->note)) goto done;
    TRY(file_read(s->note, TEXT_MOST, &bytes, &count));
    *matches = !strcmp(bytes, text);
done:
    free(bytes);
    return st;
}

/* Makes the folder of videos, empty unless what is in it was made with the same options by the same drawing. */
static status folder_prepare(const studio *s)
{
    status st = OK;
    bool matches = false;
    char text[256];
    snprintf(text, sizeof text, "%s\nsize %d\nfps %d\nquality %d\ndrawing %d\n", s->world.about, s->encode.width,
             s->encode.fps, s->encode.quality, s->world.drawing);
    TRY(note_matches(s, text, &matches));
    if (matches) goto done;
    TRY(directory_remove(s->videos));
    TRY(directory_make(s->videos));
    TRY(file_write(s->note, text, strlen(text)));
done:
    return st;
}

/* ---- videos ------------------------------------------------------------------------------------------------------ */

static status film_to(studio *s, uint64_t number, const char *path)
{
    status st = OK;
    encoder_file *file = NULL;
    size_t frames = s->world.begin(s->world.self, number);
    TRY(encoder_open(path, &s->encode, &file));
    for (size_t i = 0; i < frames; i++) {
        s->world.draw(s->world.self, i, s->picture);
        TRY(encoder_add(file, s->picture));
    }
    TRY(encoder_finish(file));
done:
    encoder_close(&file);
    return st;
}

static status film_one(studio *s, uint64_t number)
{
    status st = OK;
    char name[NAME_BYTES], *path = NULL;
    s->world.name(number, name);
    if (asprintf(&path, "%s/%s.mp4", s->videos, name) < 0) {
        path = NULL;
        TRY(FAIL(ERR_MEMORY, "no memory for the name of %s", name));
    }
    if (!file_exists(path)) TRY(film_to(s, number, path));
done:
    free(path);
    return st;
}

/* This rank's videos among `ROUND` of each rank from `first` on. */
static status film_round(studio *s, int64_t first)
{
    status st = OK;
    for (int i = 0; i < ROUND; i++) {
        int64_t number = first + (int64_t)i * comm_size(s->comm) + comm_rank(s->comm);
        if (number >= s->world.count) break;
        if (trainer_stop_requested())
            TRY(FAIL(ERR_RETRY, "stopped after about %lld of %lld videos; those that are made are kept",
                     (long long)first, (long long)s->world.count));
        TRY(film_one(s, (uint64_t)number));
    }
done:
    return st;
}

/* Ranks agree after every round, so that none waits long for a slower one, and one's failure or stop is everyone's. */
static status film_all(studio *s)
{
    status st = OK;
    int64_t step = (int64_t)ROUND * comm_size(s->comm);
    for (int64_t first = 0; first < s->world.count; first += step) {
        TRY(comm_agree(s->comm, film_round(s, first)));
        progress_count(&s->progress, first + step < s->world.count ? first + step : s->world.count, "videos");
    }
done:
    return st;
}

status generate_run(comm *c, const recipe *r, const char *directory)
{
    status st = OK;
    studio s = {0};
    TRY(comm_agree(c, studio_open(c, r, directory, &s)));
    TRY(comm_agree(c, comm_rank(c) ? OK : folder_prepare(&s)));
    TRY(film_all(&s));
    progress_pause(&s.progress);
    if (comm_rank(c) == 0) {
        st = file_sync(s.videos);
        if (st == OK) st = s.world.write(s.world.self, directory);
    }
    TRY(comm_agree(c, st));
done:
    studio_close(&s);
    return st;
}

/* ---- without a run ----------------------------------------------------------------------------------------------- */

static status generate_alone(const char *directory, char **overrides, size_t count)
{
    status st = OK;
    recipe *r = NULL;
    comm *c = NULL;
    TRY(recipe_read(NULL, overrides, count, &r));
    TRY(comm_open(1, (double)recipe_int(r, "launch.timeout"), &c));
    TRY(generate_run(c, r, directory));
    TRY(recipe_mistakes(r));
    printf("%s\n", directory);
    if (fflush(stdout) || ferror(stdout)) TRY(FAIL(ERR_IO, "cannot write to stdout"));
done:
    comm_close(&c);
    recipe_free(&r);
    return st;
}

int generate_main(int argc, char **argv)
{
    status st = argc > 1 ? generate_alone(argv[1], argv + 2, (size_t)argc - 2)
                         : FAIL(ERR_USAGE, "generate needs DIR, the directory to write into");
    if (st != OK) fprintf(stderr, "magister generate: %s\n", fail_message());
    return status_exit_code(st);
}
