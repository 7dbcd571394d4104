/* picture_packets - inside this room: the pictures of a folder (base/picture_folder.h) as packets of a video stream, by
 * number.
 *
 * Every picture is a packet and a key frame, so seeking is opening a file. What a picture's bytes are decides which
 * codec there is, not its name: that of the first picture that is one of a known kind. A number without a picture, a
 * file that cannot be read, one of another kind or without its end, is a packet without bytes, and the reason is kept.
 */
#ifndef MAGISTER_VIDEO_PICTURE_PACKETS_H
#define MAGISTER_VIDEO_PICTURE_PACKETS_H

#include "base/picture_folder.h"
#include "video/libav.h"

typedef struct {
    picture_folder folder;
    char *path; /* of the folder; owned */
    int fd;     /* of the folder */
    enum AVCodecID codec;
    uint8_t *bad;     /* (folder.frames) 1: there is no picture, or it turned out not to be decodable */
    char reason[128]; /* why the packet that was read last is empty */
} picture_packets;

/* Lists the folder and finds out what its pictures are. Errors: those of picture_folder_read; ERR_INPUT where none of
 * the first pictures is a picture; ERR_MEMORY. */
status picture_packets_open(const char *path, picture_packets **out);
void picture_packets_close(picture_packets **p);

/* Frame `number` into `packet`, which has no bytes where there is none. Errors: ERR_MEMORY. */
status picture_packets_read(picture_packets *p, int64_t number, AVPacket *packet);

/* Bytes of all pictures; asks for each of them. */
int64_t picture_packets_bytes(const picture_packets *p);

/* The next frame before (`step` -1) or after (1) `number` that is not known to be bad; -1 for none. */
int64_t picture_packets_near(const picture_packets *p, int64_t number, int step);

#endif
