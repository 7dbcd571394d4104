#include "video/frame_table.h"

#include <stdlib.h>

enum { PACKETS_MOST = 1 << 22, ROOM_FIRST = 256, DELAY_MOST = 16, LOOK_BACK = 32 };

static status grow(void **at, size_t *room, size_t size)
{
    size_t larger = *room ? *room * 2 : ROOM_FIRST;
    void *moved = realloc(*at, larger * size);
    if (!moved) return FAIL(ERR_MEMORY, "no memory for a table of %zu frames", larger);
    *at = moved;
    *room = larger;
    return OK;
}

status frame_table_add(frame_table *t, const packet_entry *entry, bool key)
{
    status st = OK;
    if (t->packet_count == PACKETS_MOST) TRY(FAIL(ERR_INPUT, "more than %d packets: split the file", PACKETS_MOST));
    if (t->packet_count == t->packet_room) {
        void *packets = t->packets;
        TRY(grow(&packets, &t->packet_room, sizeof *t->packets));
        t->packets = packets;
    }
    packet_entry *added = &t->packets[t->packet_count];
    *added = *entry;
    added->frame = -1;
    added->key = t->packet_count ? added[-1].key : -1;
    if (key) added->key = (int64_t)t->packet_count;
    t->packet_count++;
done:
    return st;
}

static status add_frame(frame_table *t, int64_t packet, int64_t time)
{
    status st = OK;
    if (t->frame_count == t->frame_room) {
        void *frames = t->frames;
        TRY(grow(&frames, &t->frame_room, sizeof *t->frames));
        t->frames = frames;
    }
    t->frames[t->frame_count++] = (frame_entry){time, packet};
done:
    return st;
}

static int by_time(const void *a, const void *b)
{
    const frame_entry *x = a, *y = b;
    if (x->time != y->time) return x->time < y->time ? -1 : 1;
    return (x->packet > y->packet) - (x->packet < y->packet);
}

status frame_table_order(frame_table *t)
{
    status st = OK;
    for (size_t i = 0; i < t->packet_count; i++)
        if (t->packets[i].shown) TRY(add_frame(t, (int64_t)i, t->packets[i].time));
    if (t->frame_count) qsort(t->frames, t->frame_count, sizeof *t->frames, by_time);
    for (size_t i = 0; i < t->frame_count; i++) t->packets[t->frames[i].packet].frame = (int64_t)i;
done:
    return st;
}

bool frame_table_knows_times(const frame_table *t)
{
    for (size_t i = 0; i < t->packet_count; i++)
        if (t->packets[i].shown && t->packets[i].time == TIME_UNKNOWN) return false;
    return true;
}

status frame_table_add_frame(frame_table *t, int64_t packet, int64_t time)
{
    status st = OK;
    if (packet < 0 || packet >= (int64_t)t->packet_count || t->packets[packet].frame >= 0) goto done;
    int64_t last = t->frame_count ? t->frames[t->frame_count - 1].time : time;
    TRY(add_frame(t, packet, time > last ? time : last));
    t->packets[packet].frame = (int64_t)t->frame_count - 1;
done:
    return st;
}

/* Frames shown before a key frame but decoded after it may refer to what lies before it. */
int64_t frame_table_start(const frame_table *t, int64_t frame)
{
    int64_t key = t->packets[t->frames[frame].packet].key;
    while (key > 0 && t->packets[key].frame > frame) key = t->packets[key - 1].key;
    return key > 0 ? key : 0;
}

int frame_table_delay(const frame_table *t)
{
    int longest = 0;
    for (size_t i = 0; i < t->packet_count && longest < DELAY_MOST; i++) {
        int later = 0;
        for (size_t back = 1; back <= LOOK_BACK && back <= i; back++)
            later += t->packets[i - back].time > t->packets[i].time;
        if (later > longest) longest = later;
    }
    return longest < DELAY_MOST ? longest : DELAY_MOST;
}

int64_t frame_table_at(const frame_table *t, int64_t time)
{
    size_t low = 0, high = t->frame_count; /* the first that is after `time` lies in [low, high] */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (t->frames[middle].time <= time) low = middle + 1;
        else high = middle;
    }
    return low ? (int64_t)low - 1 : 0;
}

int64_t frame_table_ticks(const frame_table *t, int64_t frame)
{
    const frame_entry *at = &t->frames[frame];
    if (frame + 1 < (int64_t)t->frame_count) return at[1].time - at->time;
    if (t->packets[at->packet].duration > 0) return t->packets[at->packet].duration;
    return frame > 0 ? at->time - at[-1].time : 0;
}

int64_t frame_table_end(const frame_table *t)
{
    if (!t->frame_count) return 0;
    int64_t last = (int64_t)t->frame_count - 1;
    return t->frames[last].time + frame_table_ticks(t, last);
}

void frame_table_free(frame_table *t)
{
    free(t->packets);
    free(t->frames);
    *t = (frame_table){0};
}
