/* Damaged files of weights: each is read or refused with a message that names it, never more.
 *
 * Under clang's libFuzzer (-fsanitize=fuzzer,address,undefined) this is its target, else the driver's (driver.h).
 */
#include "weights/weights.h"
#include "tests/fuzz/driver.h"
#include "weights/bytes.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

enum { READ_MOST = 16 << 20 };

size_t fuzz_files_read;

static void give_up(const char *what)
{
    fprintf(stderr, "%s: \"%s\"\n", what, fail_message());
    abort();
}

static void read_everything(weight_file *f)
{
    char *text = json_dumps(weight_file_values(f), 0);
    free(text);
    for (size_t i = 0; i < weight_file_count(f); i++) {
        const weight_info *info = weight_file_at(f, i);
        void *bytes = info->bytes <= READ_MOST ? malloc((size_t)info->bytes + 1) : NULL;
        const char *at_hand = weight_file_at_hand(f, info);
        if (weight_file_find(f, info->name) != info) give_up("a tensor is not found by its name");
        status st = bytes ? weight_file_read(f, info, bytes) : OK;
        if (st != OK && st != ERR_INPUT) give_up("a tensor that is neither read nor refused");
        if (bytes && at_hand && memcmp(bytes, at_hand, (size_t)info->bytes))
            give_up("what is at hand is not what is read");
        free(bytes);
        fail_clear();
    }
}

static void try_bytes(const void *bytes, size_t size, bool all)
{
    static const char path[] = "damaged.pth";
    weight_file *f = NULL;
    status st = weight_file_open_bytes(path, bytes, size, all, &f);
    if (st != OK && (st != ERR_INPUT || !strstr(fail_message(), path))) give_up("neither read nor refused");
    if ((st == OK) != (f != NULL) || (st == OK) != !fail_message()[0]) give_up("read and refused");
    fail_clear();
    fuzz_files_read += f != NULL;
    if (f) read_everything(f);
    weight_file_close(&f);
}

/* Makes the check sums of a zip archive's stored entries right again, so that what was damaged is looked at. */
static void mend_check_sums(unsigned char *data, size_t size)
{
    for (size_t at = 0; at + 46 <= size; at++) {
        if (memcmp(data + at, "PK\1\2", 4)) continue;
        uint64_t packed = bytes_number(data + at + 20, 4), header = bytes_number(data + at + 42, 4);
        if (header + 30 > size || memcmp(data + header, "PK\3\4", 4)) continue;
        uint64_t begin = header + 30 + bytes_number(data + header + 26, 2) + bytes_number(data + header + 28, 2);
        if (begin > size || packed > size - begin) continue;
        uint32_t crc = (uint32_t)crc32_z(0, data + begin, (size_t)packed);
        memcpy(data + at + 16, &crc, sizeof crc);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned char *copy = malloc(size ? size : 1); /* of its size, so that a byte read behind it is seen */
    if (!copy) give_up("no memory");
    if (size) memcpy(copy, data, size);
    if (size % 4) mend_check_sums(copy, size);
    try_bytes(copy, size, false);
    try_bytes(copy, size, true);
    free(copy);
    return 0;
}

/* Operations and names that mean something in a pickle, and sizes that are edges. */
static const fuzz_piece PIECES[] = {
    FUZZ_PIECE("("),
    FUZZ_PIECE("."),
    FUZZ_PIECE("0"),
    FUZZ_PIECE("1"),
    FUZZ_PIECE("2"),
    FUZZ_PIECE("N"),
    FUZZ_PIECE("\x88"),
    FUZZ_PIECE("K\x00"),
    FUZZ_PIECE("K\xff"),
    FUZZ_PIECE("M\xff\xff"),
    FUZZ_PIECE("]"),
    FUZZ_PIECE("}"),
    FUZZ_PIECE(")"),
    FUZZ_PIECE("\x8f"),
    FUZZ_PIECE("t"),
    FUZZ_PIECE("l"),
    FUZZ_PIECE("d"),
    FUZZ_PIECE("\x85"),
    FUZZ_PIECE("\x86"),
    FUZZ_PIECE("\x87"),
    FUZZ_PIECE("a"),
    FUZZ_PIECE("e"),
    FUZZ_PIECE("s"),
    FUZZ_PIECE("u"),
    FUZZ_PIECE("\x90"),
    FUZZ_PIECE("q\x00"),
    FUZZ_PIECE("h\x00"),
    FUZZ_PIECE("h\x05"),
    FUZZ_PIECE("\x94"),
    FUZZ_PIECE("R"),
    FUZZ_PIECE("b"),
    FUZZ_PIECE("\x81"),
    FUZZ_PIECE("\x92"),
    FUZZ_PIECE("\x93"),
    FUZZ_PIECE("Q"),
    FUZZ_PIECE("J\xff\xff\xff\xff"),
    FUZZ_PIECE("J\xff\xff\xff\x7f"),
    FUZZ_PIECE("r\xff\xff\x3f\x00"),
    FUZZ_PIECE("\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f"),
    FUZZ_PIECE("\x8a\x00"),
    FUZZ_PIECE("\x8a\x09\x01\x00\x00\x00\x00\x00\x00\x00\x01"),
    FUZZ_PIECE("X\xff\xff\xff\xff"),
    FUZZ_PIECE("\x8d\xff\xff\xff\xff\xff\xff\xff\xff"),
    FUZZ_PIECE("\x95\x00\x00\x00\x00\x00\x00\x00\x00"),
    FUZZ_PIECE("ctorch._utils\n_rebuild_tensor_v2\n"),
    FUZZ_PIECE("ctorch._utils\n_rebuild_tensor_v3\n"),
    FUZZ_PIECE("ctorch._tensor\n_rebuild_from_type_v2\n"),
    FUZZ_PIECE("ctorch._utils\n_rebuild_parameter\n"),
    FUZZ_PIECE("ctorch\nFloatStorage\n"),
    FUZZ_PIECE("ctorch.storage\nUntypedStorage\n"),
    FUZZ_PIECE("ctorch\nint8\n"),
    FUZZ_PIECE("ctorch\nSize\n"),
    FUZZ_PIECE("ccollections\nOrderedDict\n"),
    FUZZ_PIECE("c_codecs\nencode\n"),
    FUZZ_PIECE("cnumpy\ndtype\n"),
    FUZZ_PIECE("cnumpy._core.multiarray\nscalar\n"),
    FUZZ_PIECE("cos\nsystem\n"),
    FUZZ_PIECE("X\x05\x00\x00\x00model"),
    FUZZ_PIECE("\xff\xff\xff\xff"),
    FUZZ_PIECE("\x00\x00\x00\x00"),
    FUZZ_PIECE("\xff\xff\xff\xff\xff\xff\xff\x7f"),
    FUZZ_PIECE("PK\3\4"),
    FUZZ_PIECE("PK\1\2"),
    FUZZ_PIECE("PK\5\6"),
    FUZZ_PIECE("PK\6\6"),
    FUZZ_PIECE("PK\6\7"),
};

const fuzz_target FUZZ_TARGET = {
    .about = "Damages good files of weights and has them read.",
    .pieces = PIECES,
    .piece_count = sizeof PIECES / sizeof PIECES[0],
    .tries = 2,
};
