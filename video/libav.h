/* libav - inside this room: FFmpeg's libraries, opened when the first video is and not before.
 *
 * Linking them would bring some hundred libraries into the start of every rank, and most ranks see no video. Their
 * functions are looked up at run time and called by their own names; they are checked against FFmpeg's headers as if
 * they were linked. This header includes what the room uses of those, so that their declarations come before the names
 * are turned into fields of `libav`.
 *
 * FFmpeg prints to stderr by itself; here it is silent, because a library says what is wrong by its status. What it
 * would have printed is often the better reason, so the first error of a thread is kept for whoever asks.
 */
#ifndef MAGISTER_VIDEO_LIBAV_H
#define MAGISTER_VIDEO_LIBAV_H

#include "base/status.h"

#include <libavcodec/avcodec.h>
#include <libavcodec/bsf.h>
#include <libavformat/avformat.h>
#include <libavutil/display.h>
#include <libavutil/error.h>
#include <libavutil/imgutils.h>
#include <libavutil/log.h>
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>

// clang-format off
#define LIBAV_FORMAT(X) \
    X(av_find_best_stream) X(av_find_input_format) X(av_interleaved_write_frame) X(av_read_frame) X(av_seek_frame) \
    X(av_stream_get_side_data) X(av_write_trailer) X(avformat_alloc_context) X(avformat_alloc_output_context2) \
    X(avformat_close_input) X(avformat_find_stream_info) X(avformat_free_context) \
    X(avformat_index_get_entries_count) X(avformat_index_get_entry) X(avformat_index_get_entry_from_timestamp) \
    X(avformat_new_stream) X(avformat_open_input) X(avformat_write_header) X(avio_alloc_context) \
    X(avio_close_dyn_buf) X(avio_context_free) X(avio_open_dyn_buf)
#define LIBAV_CODEC(X) \
    X(av_bsf_alloc) X(av_bsf_free) X(av_bsf_get_by_name) X(av_bsf_init) X(av_bsf_receive_packet) \
    X(av_bsf_send_packet) X(av_new_packet) X(av_packet_alloc) X(av_packet_free) X(av_packet_move_ref) X(av_packet_ref) \
    X(av_packet_rescale_ts) X(av_packet_unref) X(avcodec_alloc_context3) X(avcodec_find_decoder) \
    X(avcodec_find_encoder_by_name) X(avcodec_flush_buffers) X(avcodec_free_context) X(avcodec_get_name) \
    X(avcodec_open2) X(avcodec_parameters_copy) X(avcodec_parameters_from_context) X(avcodec_parameters_to_context) \
    X(avcodec_profile_name) X(avcodec_receive_frame) X(avcodec_receive_packet) X(avcodec_send_frame) X(avcodec_send_packet)
#define LIBAV_UTIL(X) \
    X(av_color_range_name) X(av_color_space_name) X(av_dict_free) X(av_dict_set) X(av_display_rotation_get) \
    X(av_fourcc_make_string) X(av_frame_alloc) X(av_frame_apply_cropping) \
    X(av_frame_clone) X(av_frame_free) X(av_frame_get_buffer) X(av_frame_make_writable) X(av_frame_ref) \
    X(av_frame_unref) X(av_free) X(av_freep) X(av_get_pix_fmt) X(av_get_pix_fmt_name) X(av_image_copy_plane) \
    X(av_log_set_callback) X(av_malloc) X(av_opt_set) X(av_opt_set_double) X(av_opt_set_int) X(av_strerror)
#define LIBAV_SCALE(X) \
    X(sws_freeContext) X(sws_getCoefficients) X(sws_getColorspaceDetails) X(sws_getContext) X(sws_scale) \
    X(sws_setColorspaceDetails)
// clang-format on

#define LIBAV_FIELD(name) __typeof__(&name) name;
typedef struct {
    LIBAV_FORMAT(LIBAV_FIELD)
    LIBAV_CODEC(LIBAV_FIELD)
    LIBAV_UTIL(LIBAV_FIELD)
    LIBAV_SCALE(LIBAV_FIELD)
} libav_functions;
#undef LIBAV_FIELD

extern libav_functions libav;

/* To be called before anything else of FFmpeg; from any thread, as often as you like. Errors: ERR_MISSING names the
 * library that cannot be opened; nothing of FFmpeg may be called then. */
status libav_open(void);

/* FFmpeg's words for one of its error numbers; valid until the end of the block it is used in. */
#define libav_reason(code) libav_reason_to((char[AV_ERROR_MAX_STRING_SIZE]){0}, AV_ERROR_MAX_STRING_SIZE, (code))
const char *libav_reason_to(char *out, size_t size, int code);

/* What FFmpeg first had to say about an error in this thread since libav_forget; "" for nothing. Its own threads (a
 * codec with several) are not heard. Borrowed. */
const char *libav_said(void);
void libav_forget(void);

#ifndef LIBAV_ITSELF
#define av_bsf_alloc libav.av_bsf_alloc
#define av_bsf_free libav.av_bsf_free
#define av_bsf_get_by_name libav.av_bsf_get_by_name
#define av_bsf_init libav.av_bsf_init
#define av_bsf_receive_packet libav.av_bsf_receive_packet
#define av_bsf_send_packet libav.av_bsf_send_packet
#define av_color_range_name libav.av_color_range_name
#define av_color_space_name libav.av_color_space_name
#define av_dict_free libav.av_dict_free
#define av_dict_set libav.av_dict_set
#define av_display_rotation_get libav.av_display_rotation_get
#define av_find_best_stream libav.av_find_best_stream
#define av_find_input_format libav.av_find_input_format
#define av_fourcc_make_string libav.av_fourcc_make_string
#define av_frame_alloc libav.av_frame_alloc
#define av_frame_apply_cropping libav.av_frame_apply_cropping
#define av_frame_clone libav.av_frame_clone
#define av_frame_free libav.av_frame_free
#define av_frame_get_buffer libav.av_frame_get_buffer
#define av_frame_make_writable libav.av_frame_make_writable
#define av_frame_ref libav.av_frame_ref
#define av_frame_unref libav.av_frame_unref
#define av_free libav.av_free
#define av_freep libav.av_freep
#define av_get_pix_fmt libav.av_get_pix_fmt
#define av_get_pix_fmt_name libav.av_get_pix_fmt_name
#define av_image_copy_plane libav.av_image_copy_plane
#define av_interleaved_write_frame libav.av_interleaved_write_frame
#define av_log_set_callback libav.av_log_set_callback
#define av_malloc libav.av_malloc
#define av_new_packet libav.av_new_packet
#define av_opt_set libav.av_opt_set
#define av_opt_set_double libav.av_opt_set_double
#define av_opt_set_int libav.av_opt_set_int
#define av_packet_alloc libav.av_packet_alloc
#define av_packet_free libav.av_packet_free
#define av_packet_move_ref libav.av_packet_move_ref
#define av_packet_ref libav.av_packet_ref
#define av_packet_rescale_ts libav.av_packet_rescale_ts
#define av_packet_unref libav.av_packet_unref
#define av_read_frame libav.av_read_frame
#define av_seek_frame libav.av_seek_frame
#define av_stream_get_side_data libav.av_stream_get_side_data
#define av_strerror libav.av_strerror
#define av_write_trailer libav.av_write_trailer
#define avcodec_alloc_context3 libav.avcodec_alloc_context3
#define avcodec_find_decoder libav.avcodec_find_decoder
#define avcodec_find_encoder_by_name libav.avcodec_find_encoder_by_name
#define avcodec_flush_buffers libav.avcodec_flush_buffers
#define avcodec_free_context libav.avcodec_free_context
#define avcodec_get_name libav.avcodec_get_name
#define avcodec_open2 libav.avcodec_open2
#define avcodec_parameters_copy libav.avcodec_parameters_copy
#define avcodec_parameters_from_context libav.avcodec_parameters_from_context
#define avcodec_parameters_to_context libav.avcodec_parameters_to_context
#define avcodec_profile_name libav.avcodec_profile_name
#define avcodec_receive_frame libav.avcodec_receive_frame
#define avcodec_receive_packet libav.avcodec_receive_packet
#define avcodec_send_frame libav.avcodec_send_frame
#define avcodec_send_packet libav.avcodec_send_packet
#define avformat_alloc_context libav.avformat_alloc_context
#define avformat_alloc_output_context2 libav.avformat_alloc_output_context2
#define avformat_close_input libav.avformat_close_input
#define avformat_find_stream_info libav.avformat_find_stream_info
#define avformat_free_context libav.avformat_free_context
#define avformat_index_get_entries_count libav.avformat_index_get_entries_count
#define avformat_index_get_entry libav.avformat_index_get_entry
#define avformat_index_get_entry_from_timestamp libav.avformat_index_get_entry_from_timestamp
#define avformat_new_stream libav.avformat_new_stream
#define avformat_open_input libav.avformat_open_input
#define avformat_write_header libav.avformat_write_header
#define avio_alloc_context libav.avio_alloc_context
#define avio_close_dyn_buf libav.avio_close_dyn_buf
#define avio_context_free libav.avio_context_free
#define avio_open_dyn_buf libav.avio_open_dyn_buf
#define sws_freeContext libav.sws_freeContext
#define sws_getCoefficients libav.sws_getCoefficients
#define sws_getColorspaceDetails libav.sws_getColorspaceDetails
#define sws_getContext libav.sws_getContext
#define sws_scale libav.sws_scale
#define sws_setColorspaceDetails libav.sws_setColorspaceDetails
#endif

#endif
