#include "conf/video_words.h"

#include "conf/suggest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE_MOST = 16384, FRAMES_MOST = 100000, CACHE_FRAMES_MOST = 1000000, THREADS_MOST = 256 };
enum { KEY_OUT = 'o', KEY_JSON = 256, KEY_TIMEOUT, KEY_TIMES, KEY_COUNT, KEY_SIZE, KEY_FPS, KEY_FRAMES, KEY_FIT };
enum { KEY_THREADS = KEY_FIT + 1, KEY_RESUME, KEY_FEATURES, KEY_STUDENT, KEY_VIDEOS, KEY_STRICT, KEY_FRAME_RATE };

#define TIMEOUT_ROW                                                                                                    \
    {                                                                                                                  \
        "timeout", KEY_TIMEOUT, "S", 0, "Seconds that opening a file may take, and a few frames of it (30; 0: any)", 0 \
    }

#define FRAME_RATE_ROW                                                                                                 \
    {                                                                                                                  \
        "frame-rate", KEY_FRAME_RATE, "R", 0, "Frames a second of folders of pictures; files tell theirs (30)", 0      \
    }

// clang-format off
static const struct argp_option PROBE_OPTIONS[] = {
    {"json", KEY_JSON, NULL, 0, "A JSON object a line; of a file that cannot be read with \"error\"", 0},
    FRAME_RATE_ROW,
    TIMEOUT_ROW,
    {0},
};

static const struct argp_option FRAMES_OPTIONS[] = {
    {"times", KEY_TIMES, "T,T,...", 0, "The frames on screen at these seconds", 0},
    {"count", KEY_COUNT, "N", 0, "N frames spread evenly over the video", 0},
    {"size", KEY_SIZE, "W", 0, "Pixels of width; the height keeps the proportions (the video's own size)", 0},
    {"output", KEY_OUT, "FOLDER", 0, "Where 000.png, 001.png ... are written (the working directory)", 0},
    FRAME_RATE_ROW,
    TIMEOUT_ROW,
    {0},
};

static const struct argp_option CACHE_OPTIONS[] = {
    {"output", KEY_OUT, "DIR", 0, "The cache: a new folder", 0},
    {"fps", KEY_FPS, "F", 0, "Frames a second (10)", 0},
    {"frames", KEY_FRAMES, "N", 0, "Instead: N frames spread evenly over each video", 0},
    {"size", KEY_SIZE, "S", 0, "Pixels of the square pictures' side (64)", 0},
    {"fit", KEY_FIT, "crop|stretch", 0, "How they become square: what is over is cut off, or all is squeezed in (crop)", 0},
    {"threads", KEY_THREADS, "T", 0, "Videos decoded side by side (as many as there are CPUs)", 0},
    FRAME_RATE_ROW,
    TIMEOUT_ROW,
    {"resume", KEY_RESUME, NULL, 0, "Go on with what is in DIR: what is still right is kept", 0},
    {"features", KEY_FEATURES, "RUN", 0, "Make the features of RUN's frozen CNNs instead, where they are not right", 0},
    {"student", KEY_STUDENT, "NAME", 0, "With --features: of this student alone", 0},
    {0},
};

static const struct argp_option CHECK_OPTIONS[] = {
    {"output", KEY_OUT, "FOLDER", 0, "Where validated.json and corrupted.json are written (the working directory)", 0},
    {"videos", KEY_VIDEOS, "FOLDER", 0, "Where the videos lie that LIST names", 0},
    {"threads", KEY_THREADS, "T", 0, "Files decoded side by side (as many as there are CPUs)", 0},
    {"timeout", KEY_TIMEOUT, "S", 0, "Seconds that a file may take (300; 0: any)", 0},
    {"strict", KEY_STRICT, NULL, 0, "Exit code 65 when a file is bad", 0},
    {"json", KEY_JSON, NULL, 0, "The summary as a JSON object", 0},
    {0},
};
// clang-format on

static const char VIDEO_HELP[] =
    "Looks at videos, checks them, takes frames out of them, and decodes them once for all."
    "\v  probe FILE ...   what is in a file: codec, size, frames, seconds\n"
    "  frames FILE      single frames as PNG\n"
    "  cache VIDEOS     sampled, resized frames of a folder, which students read instead of decoding (video.cache)\n"
    "  check VIDEOS     decodes every frame of every file, and lists the good ones and the bad ones with reasons\n"
    "\nA FILE may be a folder of numbered pictures (frame_0000000001.jpg ...; JPEG, PNG, BMP, WebP), which is one "
    "video.\n"
    "\nmagister video ACTION --help tells more of each.";

static const char PROBE_HELP[] =
    "Tells what is in video files: codec, size as shown, rotation, frames a second, frames, seconds, how many frames "
    "are "
    "missing of what a cut-off file promises; container, bit rate, profile, colours, key frames, and its other streams."
    "\vOf a file that cannot be read the reason is told, and the others go on (exit code 65). Nothing is decoded but "
    "the "
    "first frame where that will do: whether all frames are good, magister video check says.\n\n"
    "Examples:\n  magister video probe videos/*.mp4\n  magister video probe --json talk.webm";

static const char FRAMES_HELP[] =
    "Writes single frames of a video as PNG."
    "\vFrames come in the order they are asked for. One that cannot be decoded is replaced by the nearest that can be, "
    "which is warned of.\n\n"
    "Examples:\n  magister video frames talk.mp4 --times 1.0,2.5 -o frames\n"
    "  magister video frames talk.mp4 --count 8 --size 96 -o frames";

static const char CACHE_HELP[] =
    "Decodes the videos of a folder once, and keeps sampled, resized frames of them for students (recipe key "
    "video.cache)."
    "\vVIDEOS is what data.videos of the recipe is, S its video.size, and F at least as fine as students look: "
    "student.fps "
    "frames a second, and one every student.cnn.stack_seconds. Broken videos are told, and kept with what could be "
    "had. "
    "Ctrl-C keeps the videos that are done (exit code 75; --resume goes on). --resume also brings a cache up to date "
    "with "
    "videos that have changed.\n\n"
    "Examples:\n  magister video cache videos -o frames --fps 5 --size 64\n"
    "  magister video cache videos -o frames --fps 5 --size 64 --resume\n"
    "  magister video cache --features runs/films --student student_frames";

static const char CHECK_HELP[] =
    "Opens and decodes every frame of every file, and writes validated.json and corrupted.json: what is good, with its "
    "codec, size and frames, and what is not, with the reason."
    "\vWhat is checked: the videos in a FOLDER and the folders in it (their names are taken for the glosses), single "
    "files, folders of numbered pictures, each a video, or a LIST: WLASL_v0.3.json or nslt_100.json (--videos says "
    "where the ids lie), a JSON list with video_path "
    "and "
    "gloss, a CSV with such columns, or a path a line.\n\n"
    "Processes of their own decode: a file that kills its decoder, or makes it hang, is listed like others. Pages "
    "of errors saved as videos, empty and truncated files, missing moov atoms, unknown codecs and damaged frames are "
    "told "
    "apart, and one content under many names is told once. Both lists are in the order of the input, and the same for "
    "any "
    "--threads. Bad files are no failure without --strict. A check that is stopped (exit code 75) leaves no lists.\n\n"
    "Examples:\n  magister video check videos\n"
    "  magister video check WLASL_v0.3.json --videos videos --output checked --strict";

/* ---- values ------------------------------------------------------------------------------------------------------ */

static bool read_real(const char *text, double least, double most, double *out)
{
    char *end = NULL;
    double value = strtod(text, &end);
    if (end == text || *end || !(value >= least && value <= most)) return false;
    *out = value;
    return true;
}

static void take_real(struct argp_state *state, const char *name, const char *text, double least, double most,
                      double *out)
{
    if (!read_real(text, least, most, out))
        argp_error(state, "%s is a number from %g to %g, not %.40s", name, least, most, text);
}

static void take_whole(struct argp_state *state, const char *name, const char *text, int64_t most, int64_t *out)
{
    char *end = NULL;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (errno || end == text || *end || value < 1 || value > most)
        argp_error(state, "%s is a whole number from 1 to %lld, not %.40s", name, (long long)most, text);
    *out = value;
}

static void take_times(struct argp_state *state, char *text, video_words *w)
{
    size_t count = 1;
    char *rest = NULL;
    for (const char *comma = text; (comma = strchr(comma, ',')); comma++) count++;
    free(w->times);
    w->time_count = 0;
    w->times = count <= FRAMES_MOST ? calloc(count, sizeof *w->times) : NULL;
    if (!w->times) argp_error(state, "--times has %zu times: up to %d are possible", count, FRAMES_MOST);
    char *copy = strdup(text); /* the words may be read a second time */
    for (char *each = copy ? strtok_r(copy, ",", &rest) : NULL; each; each = strtok_r(NULL, ",", &rest))
        take_real(state, "each of --times", each, 0, 1e9, &w->times[w->time_count++]);
    free(copy);
    if (w->time_count != count) argp_error(state, "--times is seconds, parted by single commas, not %.40s", text);
}

static void take_fit(struct argp_state *state, const char *text, video_words *w)
{
    char near[16] = "";
    w->stretch = !strcmp(text, "stretch");
    if (w->stretch || !strcmp(text, "crop")) return;
    suggest_choice(text, "crop|stretch", near, sizeof near);
    argp_error(state, "--fit is crop or stretch, not %.40s%s%s%s", text, near[0] ? ": did you mean " : "", near,
               near[0] ? "?" : "");
}

static void take_option(int key, char *value, struct argp_state *state)
{
    video_words *w = ((command_line *)state->input)->self;
    switch (key) {
    case KEY_OUT: w->out = value; break;
    case KEY_JSON: w->json = true; break;
    case KEY_TIMEOUT: take_real(state, "--timeout", value, 0, 1e9, &w->timeout); break;
    case KEY_TIMES: take_times(state, value, w); break;
    case KEY_COUNT: take_whole(state, "--count", value, FRAMES_MOST, &w->count); break;
    case KEY_SIZE: take_whole(state, "--size", value, SIDE_MOST, &w->size); break;
    case KEY_FRAME_RATE: take_real(state, "--frame-rate", value, 0.001, 1000, &w->frame_rate); break;
    case KEY_FPS: take_real(state, "--fps", value, 0.001, 1000, &w->fps); break;
    case KEY_FRAMES: take_whole(state, "--frames", value, CACHE_FRAMES_MOST, &w->count); break;
    case KEY_FIT: take_fit(state, value, w); break;
    case KEY_THREADS: take_whole(state, "--threads", value, THREADS_MOST, &w->threads); break;
    case KEY_RESUME: w->resume = true; break;
    case KEY_FEATURES: w->run = value; break;
    case KEY_STUDENT: w->student = value; break;
    case KEY_VIDEOS: w->videos = value; break;
    case KEY_STRICT: w->strict = true; break;
    default: break;
    }
}

/* ---- actions ----------------------------------------------------------------------------------------------------- */

static status check_frames(video_words *w)
{
    if (!w->times == !w->count)
        return FAIL(ERR_USAGE, "video frames takes --times T,T,... or --count N: which frames are wanted?");
    if (!w->out) w->out = ".";
    return OK;
}

static status check_cache(video_words *w)
{
    bool frames = w->files.count || w->out || w->fps > 0 || w->count || w->size || w->stretch || w->resume;
    frames = frames || w->frame_rate > 0;
    if (w->student && !w->run) return FAIL(ERR_USAGE, "--student is for --features RUN, whose students are meant");
    if (w->run && (frames || w->threads))
        return FAIL(ERR_USAGE, "--features makes what the recipe of the run says: of the others only --student goes "
                               "with it");
    if (w->run) return OK;
    if (!w->files.count) return FAIL(ERR_USAGE, "video cache needs VIDEOS, the folder of the videos");
    if (!w->out) return FAIL(ERR_USAGE, "video cache needs -o DIR, where the frames are to be kept");
    if (w->fps > 0 && w->count) return FAIL(ERR_USAGE, "--fps and --frames are two ways to sample: say one of them");
    if (!w->count && !(w->fps > 0)) w->fps = 10;
    if (!w->size) w->size = 64;
    return OK;
}

static status check_check(video_words *w)
{
    if (!w->out) w->out = ".";
    return OK;
}

static const struct {
    const char *name, *words, *help;
    const struct argp_option *options;
    size_t least, most; /* words */
    status (*check)(video_words *w);
} ACTIONS[] = {
    [VIDEO_PROBE] = {"probe", "FILE ...", PROBE_HELP, PROBE_OPTIONS, 1, 0, NULL},
    [VIDEO_FRAMES] = {"frames", "FILE", FRAMES_HELP, FRAMES_OPTIONS, 1, 1, check_frames},
    [VIDEO_CACHE] = {"cache", "VIDEOS -o DIR\n--features RUN", CACHE_HELP, CACHE_OPTIONS, 0, 1, check_cache},
    [VIDEO_CHECK] = {"check", "FOLDER|LIST|FILE ...", CHECK_HELP, CHECK_OPTIONS, 1, 0, check_check},
};
enum { ACTION_COUNT = sizeof ACTIONS / sizeof ACTIONS[0] };

static status find_action(const char *name, video_action *out)
{
    const char *names[ACTION_COUNT];
    for (size_t i = 0; i < ACTION_COUNT; i++) {
        names[i] = ACTIONS[i].name;
        if (strcmp(name, names[i])) continue;
        *out = (video_action)i;
        return OK;
    }
    const char *near = suggest_word(name, names, ACTION_COUNT);
    return FAIL(ERR_USAGE, "video has probe, frames, cache and check, not %.40s%s%s%s", name,
                near ? ": did you mean " : "", near ? near : "", near ? "?" : "");
}

/* Help, or what is missing. */
static status read_none(int argc, char **argv)
{
    command_line line = {NULL, "probe|frames|cache|check ...", VIDEO_HELP, 1, 0, NULL, NULL, {0}};
    status st = arguments_parse(&line, argc, argv);
    free(line.found.at);
    return st == OK ? FAIL(ERR_USAGE, "video takes options behind its action: probe, frames, cache or check") : st;
}

/* `argv` begins with the action, which argp is to call by its full name. */
static status read_action(const char *command, int argc, char **argv, video_words *w)
{
    status st = OK;
    char *full = NULL, *action = argv[0];
    command_line line = {ACTIONS[w->action].options,
                         ACTIONS[w->action].words,
                         ACTIONS[w->action].help,
                         ACTIONS[w->action].least,
                         ACTIONS[w->action].most,
                         take_option,
                         w,
                         {0}};
    if (asprintf(&full, "%s %s", command, action) < 0) {
        full = NULL;
        TRY(FAIL(ERR_MEMORY, "no memory for the command line"));
    }
    argv[0] = full;
    st = arguments_parse(&line, argc, argv);
    argv[0] = action;
    w->files = line.found;
    TRY(st);
    if (ACTIONS[w->action].check) TRY(ACTIONS[w->action].check(w));
done:
    free(full);
    return st;
}

status video_words_read(int argc, char **argv, video_words *out)
{
    status st = OK;
    video_words w = {0};
    if (argc < 2 || argv[1][0] == '-') TRY(read_none(argc, argv));
    TRY(find_action(argv[1], &w.action));
    w.timeout = w.action == VIDEO_CHECK ? 300 : 30;
    TRY(read_action(argv[0], argc - 1, argv + 1, &w));
    *out = w;
    w = (video_words){0};
done:
    video_words_free(&w);
    return st;
}

void video_words_free(video_words *w)
{
    free(w->files.at);
    free(w->times);
    *w = (video_words){0};
}
