#include "video/clip_frames.h"

/* torch.linspace(0, last, count) at i, cut off. It goes from both ends to the middle, in float32, and where it comes
 * from the far end it rounds once (fused multiply-add). */
static int64_t linspace_at(int64_t last, size_t count, size_t i)
{
    if (count == 1) return 0;
    const float end = (float)last, step = end / (float)(count - 1);
    const double from_end = (double)end - (double)step * (double)(count - 1 - i); /* exact before the rounding */
    const float at = i < count / 2 ? step * (float)i : (float)from_end;
    const int64_t whole = (int64_t)at;
    return whole < 0 ? 0 : whole > last ? last : whole;
}

void frames_subsample(frame_range range, size_t count, short_clip when_short, int64_t *index)
{
    const int64_t own = range.end - range.first, wanted = (int64_t)count;
    int64_t repeats = when_short == SHORT_REPEAT && own < wanted ? (wanted + own - 1) / own : 1;
    for (size_t i = 0; i < count; i++) index[i] = range.first + linspace_at(own * repeats - 1, count, i) % own;
}
