/* container - inside this room: the packets of one video stream of a file, by number in the order of decoding.
 *
 * Opening reads the file once, from end to end, and makes the table of its packets. Those of a small file (32 MiB) are
 * kept in memory, so that nothing is read twice; in larger ones a packet is sought in the file and known again by place
 * and time. Of a large MP4 not even the once: its index has everything but the time stamps' order, and these need the
 * demuxer, not the data (source.h, blank).
 *
 * A folder of numbered pictures is a container too (picture_packets.h): a packet a number, some of them without bytes.
 *
 * Frames: in MP4 and Matroska every packet is one and says when. Other containers are `counted` by whoever decodes
 * (frame_table_add_frame) unless their packets tell as much.
 *
 * Input that may have no end is opened by container_begin: then nothing is listed, and packets are read one after the
 * other.
 */
#ifndef MAGISTER_VIDEO_CONTAINER_H
#define MAGISTER_VIDEO_CONTAINER_H

#include "video/frame_table.h"
#include "video/libav.h"
#include "video/picture_packets.h"
#include "video/source.h"

/* Why a file could not be opened. */
typedef enum {
    FAULT_OTHER,
    FAULT_FORMAT,    /* no container that is read, or not its beginning */
    FAULT_NO_STREAM, /* no video stream in it */
    FAULT_NO_FRAMES, /* nothing in the video stream, and nothing promised */
    FAULT_CUT,       /* nothing in the video stream of what an index promises */
    FAULT_CODEC,     /* this FFmpeg decodes no such codec; `codec` names it */
} container_fault;

/* Pictures without a container, one behind the other. */
typedef struct {
    int width, height;
    double fps;
    const char *pixels; /* FFmpeg's name: "rgb24", "yuv420p" */
} raw_pictures;

typedef struct {
    char *path;
    source bytes;
    picture_packets *pictures; /* of a folder; NULL: a file */
    AVFormatContext *format;   /* of a folder: nothing but a stream */
    AVStream *stream;          /* borrowed from `format` */
    frame_table table;
    bool counted;    /* the table has packets and, until somebody decodes, no frames */
    AVPacket **kept; /* (table.packet_count); NULL: a large file */
    size_t kept_count, kept_room, kept_bytes;
    int64_t missing;         /* packets that an MP4's index lists and the file does not hold */
    int64_t corrupt;         /* packets that the demuxer found to be damaged, or without their beginning */
    container_fault fault;   /* also after container_open has failed */
    char codec[40];          /* with FAULT_CODEC */
    char said[120];          /* FFmpeg's first words about an error while the packets were listed; "" for none */
    const raw_pictures *raw; /* borrowed; NULL: a container */
    int64_t next;            /* number of the packet that reading on gives (large files) */
    char reason[120];        /* why reading ended before the end of the file; "" when it did not */
} container;

/* `stream` -1: the best video stream. `frame_rate`: of folders of pictures; <= 0: the usual. `deadline`: of
 * monotonic_seconds, INFINITY for none; c->bytes.deadline may be changed later. Must not be moved in memory while open.
 * Errors: as video_open. */
status container_open(const char *path, int stream, double frame_rate, double deadline, container *c);
void container_close(container *c);

/* Opens the best video stream for reading from front to back; the table stays empty. `wait` (source.h) and `raw` (NULL:
 * a container) are borrowed until it is closed. Errors: as video_open; ERR_CONFIG for pictures that cannot be raw. */
status container_begin(const char *path, source_wait *wait, const raw_pictures *raw, double deadline, container *c);

/* The same input from its beginning once more, where it is a file. */
status container_begin_again(container *c);

/* Next packet of the stream that holds something: 0 or FFmpeg's error, AVERROR_EOF at the end. Before container_close
 * the caller unrefs it. */
int container_read(const container *c, AVPacket *packet);

/* What the table would say of a packet. */
packet_entry container_entry(const container *c, const AVPacket *packet);

/* Whether every packet is a frame, as far as the container's kind tells; its packets also must have times. */
bool container_frames_are_packets(const container *c);

/* Clockwise degrees by which pictures are to be turned: 0, 90, 180 or 270. */
int container_rotation(const container *c);

/* Packet `number` into `packet` (a reference; the caller unrefs it), with whatever time stamps it has. One without
 * bytes is a picture that cannot be had (c->pictures->reason). Errors: ERR_INPUT for one that cannot be read (again);
 * ERR_MEMORY. */
status container_packet(container *c, int64_t number, AVPacket *packet);

#endif
