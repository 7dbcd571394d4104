"""Clips a second of other readers of video, for bench/video.

    video_readers.py READER PICTURES WORKERS ROUNDS CLIP...

Prints a line "READER FRAMES clips/s" for 32 and for 8 uniform frames a clip at 224 x 224. PICTURES is what bench_video wrote:
the same frames must look the same. A worker is a process; each reader has one thread of its codec.
"""
import multiprocessing
import sys
import time

import numpy

SIDE = 224
DIFFERENCE_MOST = 10  # grey levels, mean of a clip: scalers differ, frames must not


def uniform(frames, count):
    return [min(frames - 1, int((i + 0.5) * frames / count)) for i in range(count)]


def torchcodec_reader(mode):
    import torch
    from torchcodec.decoders import VideoDecoder
    from torchcodec.transforms import Resize

    torch.set_num_threads(1)

    def read(path, count):
        decoder = VideoDecoder(path, num_ffmpeg_threads=1, seek_mode=mode, dimension_order="NHWC",
                               transforms=[Resize((SIDE, SIDE))])
        return decoder.get_frames_at(uniform(len(decoder), count)).data.numpy()

    return read


def decord_reader():
    import decord

    def read(path, count):
        reader = decord.VideoReader(path, width=SIDE, height=SIDE, num_threads=1)
        return reader.get_batch(uniform(len(reader), count)).asnumpy()

    return read


def pyav_reader(only_wanted):
    import av

    def picture(frame):
        return frame.reformat(SIDE, SIDE, format="rgb24").to_ndarray()

    def open_stream(path):
        container = av.open(path)
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        return container, stream

    def read_all(path, count):
        container, stream = open_stream(path)
        with container:
            pictures = [picture(frame) for frame in container.decode(stream)]
        return numpy.stack([pictures[i] for i in uniform(len(pictures), count)])

    def read_wanted(path, count):
        container, stream = open_stream(path)
        with container:
            wanted = uniform(sum(1 for packet in container.demux(stream) if packet.size), count)
            container.seek(0)
            pictures = {}
            for i, frame in enumerate(container.decode(stream)):
                if i in wanted:
                    pictures[i] = picture(frame)
                if i == wanted[-1]:
                    break
        return numpy.stack([pictures[i] for i in wanted])

    return read_wanted if only_wanted else read_all


READERS = {
    "torchcodec": lambda: torchcodec_reader("exact"),
    "torchcodec-approximate": lambda: torchcodec_reader("approximate"),
    "decord": decord_reader,
    "pyav-all": lambda: pyav_reader(False),
    "pyav-wanted": lambda: pyav_reader(True),
}


def check(read, ours, clips):
    pictures = numpy.fromfile(ours, numpy.uint8).reshape(len(clips), 32, SIDE, SIDE, 3)
    for clip, expected in zip(clips, pictures):
        difference = numpy.abs(read(clip, 32).astype(numpy.int16) - expected).mean()
        if difference > DIFFERENCE_MOST:
            sys.exit(f"{clip}: other frames than bench_video's: {difference:.1f} grey levels away")


def work(read, clips, rounds, count, barrier):
    read(clips[0], count)
    barrier.wait()
    for _ in range(rounds):
        for clip in clips:
            read(clip, count)
    barrier.wait()


def measure(read, clips, workers, rounds, count):
    context = multiprocessing.get_context("fork")
    barrier = context.Barrier(workers + 1, timeout=600)
    processes = [context.Process(target=work, args=(read, clips, rounds, count, barrier)) for _ in range(workers)]
    for process in processes:
        process.start()
    barrier.wait()
    start = time.monotonic()
    barrier.wait()
    seconds = time.monotonic() - start
    for process in processes:
        process.join()
    return workers * rounds * len(clips) / seconds


def main():
    name, ours, workers, rounds, clips = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5:]
    read = READERS[name]()
    check(read, ours, clips)
    for count in (32, 8):
        print(name, count, f"{measure(read, clips, workers, rounds, count):.3f}", flush=True)


main()
