/* Files that the encoder writes, read back by ffmpeg's own programs. */
#include "video/encoder.h"

#include "base/hash.h"
#include "base/rng.h"

#include "tests/unit/data/scratch.h"

#include <dirent.h>
#include <malloc.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

enum { WIDTH = 64, HEIGHT = 48, FRAMES = 45, PICTURE = WIDTH * HEIGHT * 3 };

static const encode_options USUAL = {.width = WIDTH, .height = HEIGHT, .fps = 10, .quality = 18, .keyframe = 20};

/* A square that moves over a slope; grey, since colours lose half of their resolution. */
static void draw(int frame, uint8_t *rgb)
{
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++) {
            bool inside = abs(x - frame) < 6 && abs(y - 20) < 6;
            memset(rgb + (y * WIDTH + x) * 3, inside ? 220 : 60 + x, 3);
        }
}

static void add_all(encoder_file *e)
{
    uint8_t rgb[PICTURE];
    for (int i = 0; i < FRAMES; i++) {
        draw(i, rgb);
        assert_ok(encoder_add(e, rgb));
    }
}

static void write_video(const char *path, const encode_options *options)
{
    encoder_file *e = NULL;
    assert_ok(encoder_open(path, options, &e));
    add_all(e);
    assert_ok(encoder_finish(e));
    encoder_close(&e);
    assert_null(e);
}

static size_t files_in_scratch(void)
{
    size_t count = 0;
    DIR *folder = opendir(scratch_directory);
    assert_non_null(folder);
    for (struct dirent *entry; (entry = readdir(folder));) count += entry->d_name[0] != '.';
    closedir(folder);
    return count;
}

/* All that a command prints, at most `most` bytes; skips the test where the program is not installed. */
static size_t output_of(const char *program, const char *arguments, const char *path, uint8_t *out, size_t most)
{
    char command[512];
    snprintf(command, sizeof command, "command -v %s >/dev/null", program);
    if (system(command) != 0) {
        print_message("there is no %s\n", program);
        skip();
    }
    snprintf(command, sizeof command, "%s -v error -i %s %s </dev/null", program, path, arguments);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    size_t count = fread(out, 1, most, pipe);
    assert_int_equal(pclose(pipe), 0);
    return count;
}

static void test_frames_come_back(void **state)
{
    (void)state;
    static uint8_t decoded[(FRAMES + 1) * PICTURE];
    uint8_t rgb[PICTURE];
    write_video(scratch_path("a.mp4"), &USUAL);
    size_t count = output_of("ffmpeg", "-f rawvideo -pix_fmt rgb24 -", scratch_path("a.mp4"), decoded, sizeof decoded);
    assert_int_equal(count, FRAMES * PICTURE);
    for (int i = 0; i < FRAMES; i++) {
        double sum = 0;
        draw(i, rgb);
        for (int b = 0; b < PICTURE; b++) sum += abs(rgb[b] - decoded[i * PICTURE + b]);
        if (sum / PICTURE > 2) fail_msg("frame %d differs by %.2f levels a value", i, sum / PICTURE);
    }
}

static void test_what_the_file_says(void **state)
{
    (void)state;
    char text[4096] = "";
    write_video(scratch_path("a.mp4"), &USUAL);
    size_t count = output_of("ffprobe",
                             "-of default=nw=1 -show_entries stream=codec_name,width,height,nb_frames,avg_frame_rate,"
                             "start_time,duration,color_range,color_space:format_tags",
                             scratch_path("a.mp4"), (uint8_t *)text, sizeof text - 1);
    text[count] = '\0';
    static const char *const WANTED[] = {"codec_name=h264\n",
                                         "width=64\n",
                                         "height=48\n",
                                         "nb_frames=45\n",
                                         "avg_frame_rate=10/1\n",
                                         "start_time=0.000000\n",
                                         "duration=4.500000\n",
                                         "color_range=tv\n",
                                         "color_space=smpte170m\n"};
    for (size_t i = 0; i < sizeof WANTED / sizeof *WANTED; i++)
        if (!strstr(text, WANTED[i])) fail_msg("%s is not in:\n%s", WANTED[i], text);
    assert_null(strstr(text, "creation_time"));
    assert_null(strstr(text, "encoder"));
}

static void test_key_frames(void **state)
{
    (void)state;
    char flags[8192] = "";
    write_video(scratch_path("a.mp4"), &USUAL);
    size_t count = output_of("ffprobe", "-of csv=p=0 -show_entries frame=key_frame", scratch_path("a.mp4"),
                             (uint8_t *)flags, sizeof flags - 1);
    flags[count] = '\0';
    int frame = 0, last_key = 0;
    for (char *line = strtok(flags, "\n"); line; line = strtok(NULL, "\n"), frame++) {
        if (line[0] == '1') last_key = frame;
        assert_true(frame - last_key < USUAL.keyframe);
    }
    assert_int_equal(frame, FRAMES);
}

static void test_same_bytes_twice(void **state)
{
    (void)state;
    char *bytes[3] = {0};
    size_t count[3] = {0};
    encode_options coarser = USUAL;
    coarser.quality = 40;
    write_video(scratch_path("a.mp4"), &USUAL);
    write_video(scratch_path("b.mp4"), &USUAL);
    write_video(scratch_path("c.mp4"), &coarser);
    assert_ok(file_read(scratch_path("a.mp4"), 1 << 24, &bytes[0], &count[0]));
    assert_ok(file_read(scratch_path("b.mp4"), 1 << 24, &bytes[1], &count[1]));
    assert_ok(file_read(scratch_path("c.mp4"), 1 << 24, &bytes[2], &count[2]));
    assert_int_equal(count[0], count[1]);
    assert_memory_equal(bytes[0], bytes[1], count[0]);
    assert_true(count[2] < count[0]);
    assert_null(memmem(bytes[0], count[0], "x264", 4));
    assert_null(memmem(bytes[0], count[0], "Lav", 3));
    for (int i = 0; i < 3; i++) free(bytes[i]);
}

/* Blobs that wander over grain. */
static void draw_lively(uint64_t frame, uint8_t *rgb)
{
    rng grain = rng_stream(1, 0, frame);
    for (int i = 0; i < WIDTH * HEIGHT; i++) {
        int along = i % WIDTH, down = i / WIDTH, step = (int)frame;
        bool first = abs(along - step % 90) < 9 && abs(down - 20) < 9;
        bool second = abs(along - 30) < 6 && abs(down - abs(step * 3 % 80 - 20)) < 12;
        for (int c = 0; c < 3; c++) {
            int colour = first ? 220 - 60 * c : second ? 60 + 70 * c : 70 + 2 * down + 20 * (along / 8 % 2);
            rgb[3 * i + c] = (uint8_t)(colour + (int)rng_below(&grain, 14));
        }
    }
}

/* x264 reads memory that it has not written where key frames are as near as it looks ahead. */
static void test_memory_as_it_is_found_does_not_matter(void **state)
{
    (void)state;
    static const int FILLED[] = {0, 3, 77, 85};
    char first[HASH_TEXT] = "", hash[HASH_TEXT];
    const encode_options options = {.width = WIDTH, .height = HEIGHT, .fps = 5, .quality = 28, .keyframe = 10};
    for (size_t i = 0; i < sizeof FILLED / sizeof FILLED[0]; i++) {
        uint8_t *rgb = malloc(PICTURE);
        encoder_file *e = NULL;
        mallopt(M_PERTURB, FILLED[i]);
        assert_ok(encoder_open(scratch_path("lively.mp4"), &options, &e));
        for (uint64_t frame = 0; frame < 200; frame++) {
            draw_lively(frame, rgb);
            assert_ok(encoder_add(e, rgb));
        }
        assert_ok(encoder_finish(e));
        encoder_close(&e);
        mallopt(M_PERTURB, 0);
        free(rgb);
        assert_ok(hash_file(scratch_path("lively.mp4"), hash));
        if (i) assert_string_equal(hash, first);
        memcpy(first, hash, sizeof first);
    }
}

static void test_unfinished_leaves_nothing(void **state)
{
    (void)state;
    encoder_file *e = NULL;
    size_t before = files_in_scratch();
    assert_ok(encoder_open(scratch_path("unfinished.mp4"), &USUAL, &e));
    add_all(e);
    encoder_close(&e);
    assert_int_equal(files_in_scratch(), before);
    assert_ok(encoder_open(scratch_path("unfinished.mp4"), &USUAL, &e));
    assert_failed(encoder_finish(e), ERR_INPUT, "without a picture");
    encoder_close(&e);
    assert_int_equal(files_in_scratch(), before);
    encoder_close(&e);
}

/* A limit of file sizes stands for a full disk: the old file stays, and nothing else is left. */
static void test_full_disk(void **state)
{
    (void)state;
    const char *path = scratch_file("full.mp4", "old");
    char *bytes = NULL;
    size_t count = 0, before = files_in_scratch();
    struct rlimit old, small;
    encoder_file *e = NULL;
    assert_ok(encoder_open(path, &USUAL, &e));
    add_all(e);
    getrlimit(RLIMIT_FSIZE, &old);
    small = (struct rlimit){.rlim_cur = 512, .rlim_max = old.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small);
    status got = encoder_finish(e);
    setrlimit(RLIMIT_FSIZE, &old);
    signal(SIGXFSZ, SIG_DFL);
    assert_failed(got, ERR_IO, "full.mp4: cannot write");
    encoder_close(&e);
    assert_int_equal(files_in_scratch(), before);
    assert_ok(file_read(path, 100, &bytes, &count));
    assert_string_equal(bytes, "old");
    free(bytes);
}

static void test_bad_places(void **state)
{
    (void)state;
    encoder_file *e = NULL;
    uint8_t rgb[PICTURE] = {0};
    assert_failed(encoder_open(scratch_path("nowhere/a.mp4"), &USUAL, &e), ERR_CREATE, "there is no folder");
    assert_failed(encoder_open("/dev/full", &USUAL, &e), ERR_CREATE, "/dev/full");
    assert_failed(encoder_open(scratch_directory, &USUAL, &e), ERR_CREATE, "no file");
    assert_null(e);
    assert_failed(picture_write_png(scratch_path("nowhere/a.png"), rgb, WIDTH, HEIGHT), ERR_CREATE, "a.png");
}

static void test_options_out_of_bounds(void **state)
{
    (void)state;
    static const encode_options WRONG[] = {
        {.width = 63, .height = 48, .fps = 10, .quality = 18, .keyframe = 20},
        {.width = 64, .height = 0, .fps = 10, .quality = 18, .keyframe = 20},
        {.width = 64, .height = 48000, .fps = 10, .quality = 18, .keyframe = 20},
        {.width = 64, .height = 48, .fps = 0, .quality = 18, .keyframe = 20},
        {.width = 64, .height = 48, .fps = 10, .quality = 52, .keyframe = 20},
        {.width = 64, .height = 48, .fps = 10, .quality = 18, .keyframe = 0},
    };
    encoder_file *e = NULL;
    for (size_t i = 0; i < sizeof WRONG / sizeof *WRONG; i++)
        assert_failed(encoder_open(scratch_path("w.mp4"), &WRONG[i], &e), ERR_CONFIG, "w.mp4");
    uint8_t rgb[3] = {0};
    assert_failed(picture_write_png(scratch_path("w.png"), rgb, 0, 1), ERR_CONFIG, "w.png: 0 x 1");
}

/* PNG loses nothing; odd sides, twice the same bytes. */
static void test_png(void **state)
{
    (void)state;
    enum { ODD_WIDTH = 37, ODD_HEIGHT = 21, ODD = ODD_WIDTH * ODD_HEIGHT * 3 };
    uint8_t rgb[ODD], back[ODD + 1];
    char *bytes[2] = {0};
    size_t count[2] = {0};
    for (int i = 0; i < ODD; i++) rgb[i] = (uint8_t)(i * 37 + i / 11);
    assert_ok(picture_write_png(scratch_path("a.png"), rgb, ODD_WIDTH, ODD_HEIGHT));
    assert_ok(picture_write_png(scratch_path("b.png"), rgb, ODD_WIDTH, ODD_HEIGHT));
    assert_ok(file_read(scratch_path("a.png"), 1 << 20, &bytes[0], &count[0]));
    assert_ok(file_read(scratch_path("b.png"), 1 << 20, &bytes[1], &count[1]));
    assert_int_equal(count[0], count[1]);
    assert_memory_equal(bytes[0], bytes[1], count[0]);
    free(bytes[0]);
    free(bytes[1]);
    size_t got = output_of("ffmpeg", "-f rawvideo -pix_fmt rgb24 -", scratch_path("a.png"), back, sizeof back);
    assert_int_equal(got, ODD);
    assert_memory_equal(rgb, back, ODD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frames_come_back),
        cmocka_unit_test(test_what_the_file_says),
        cmocka_unit_test(test_key_frames),
        cmocka_unit_test(test_same_bytes_twice),
        cmocka_unit_test(test_memory_as_it_is_found_does_not_matter),
        cmocka_unit_test(test_unfinished_leaves_nothing),
        cmocka_unit_test(test_full_disk),
        cmocka_unit_test(test_bad_places),
        cmocka_unit_test(test_options_out_of_bounds),
        cmocka_unit_test(test_png),
    };
    return cmocka_run_group_tests(tests, scratch_open, scratch_close);
}
