#include "rank/generate.h"

#include "base/file.h"
#include "base/log.h"
#include "data/kitchen.h"
#include "data/kitchen_render.h"
#include "trainer/progress.h"
#include "trainer/trainer.h"
#include "video/encoder.h"

#include <stdlib.h>
#include <string.h>

enum { ROUND = 4, TEXT_MOST = 1 << 16, SECONDS_TO_KEYFRAME = 2 }; /* ROUND: videos of a rank between agreements */

typedef struct {
    comm *comm;
    const char *directory;
    char *videos, *note; /* DIRECTORY/videos, and film.txt in it */
    kitchen_options options;
    render_options render;
    encode_options encode;
    grammar *grammar;
    renderer *renderer;
    uint8_t *picture; /* (size, size, 3) */
    int64_t count;    /* videos of all ranks */
    progress progress;
} studio;

static void studio_close(studio *s)
{
    progress_pause(&s->progress);
    renderer_free(&s->renderer);
    grammar_free(&s->grammar);
    free(s->picture);
    free(s->videos);
    free(s->note);
}

static status studio_open(comm *c, const recipe *r, const char *directory, studio *s)
{
    status st = OK;
    int size = (int)recipe_int(r, "generate.size"), fps = (int)recipe_int(r, "generate.render_fps");
    *s = (studio){.comm = c, .directory = directory, .options = kitchen_options_read(r)};
    s->count = s->options.videos + s->options.eval_videos;
    s->render = (render_options){.size = size, .fps = fps, .noise = s->options.noise, .seed = s->options.seed};
    s->encode = (encode_options){.width = size,
                                 .height = size,
                                 .fps = fps,
                                 .quality = (int)recipe_int(r, "generate.quality"),
                                 .keyframe = SECONDS_TO_KEYFRAME * fps};
    s->videos = path_join(directory, "videos");
    s->note = s->videos ? path_join(s->videos, "film.txt") : NULL;
    s->picture = malloc(3 * (size_t)size * (size_t)size);
    if (!s->note || !s->picture) TRY(FAIL(ERR_MEMORY, "no memory to film the kitchen"));
    TRY(grammar_new(&s->grammar));
    TRY(renderer_new(s->grammar, &s->render, &s->renderer));
    progress_begin(&s->progress, comm_rank(c) == 0, 0, s->count);
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

/* Makes the folder of videos, empty unless what is in it was made with the same options. */
static status folder_prepare(const studio *s)
{
    status st = OK;
    bool matches = false;
    char text[256];
    snprintf(text, sizeof text, "videos %lld\nseed %llu\nnoise %.17g\nsize %d\nfps %d\nquality %d\n",
             (long long)s->count, (unsigned long long)s->render.seed, s->render.noise, s->render.size, s->render.fps,
             s->encode.quality);
    TRY(note_matches(s, text, &matches));
    if (matches) goto done;
    TRY(directory_remove(s->videos));
    TRY(directory_make(s->videos));
    TRY(file_write(s->note, text, strlen(text)));
done:
    return st;
}

/* ---- videos ------------------------------------------------------------------------------------------------------ */

static status film_to(studio *s, const kitchen_video *video, uint64_t number, const char *path)
{
    status st = OK;
    encoder_file *file = NULL;
    size_t frames = renderer_frames(s->renderer, video);
    TRY(encoder_open(path, &s->encode, &file));
    renderer_begin(s->renderer, video, number);
    for (size_t i = 0; i < frames; i++) {
        renderer_draw(s->renderer, i, s->picture);
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
    kitchen_video video;
    char name[KITCHEN_NAME], *path = NULL;
    kitchen_video_name(number, name);
    if (asprintf(&path, "%s/%s.mp4", s->videos, name) < 0) {
        path = NULL;
        TRY(FAIL(ERR_MEMORY, "no memory for the name of %s", name));
    }
    if (file_exists(path)) goto done;
    kitchen_video_draw(s->grammar, s->options.seed, number, &video);
    TRY(film_to(s, &video, number, path));
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
        if (number >= s->count) break;
        if (trainer_stop_requested())
            TRY(FAIL(ERR_RETRY, "stopped after about %lld of %lld videos; those that are made are kept",
                     (long long)first, (long long)s->count));
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
    for (int64_t first = 0; first < s->count; first += step) {
        TRY(comm_agree(s->comm, film_round(s, first)));
        progress_count(&s->progress, first + step < s->count ? first + step : s->count, "videos");
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
        if (st == OK) st = kitchen_generate(&s.options, directory);
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
