"""Files a second that other ways to check videos get through, for bench/check.

    check_readers.py pyav|ffmpeg WORKERS FILE...

Prints a line "WAY files/s answered bad". A file is bad when reading it fails or gives no frame; answered are those that
there is a result for at all: a process pool that loses a worker has none for the rest.
"""
import concurrent.futures
import subprocess
import sys
import time


def with_pyav(path):
    import av

    try:
        with av.open(path) as container:
            stream = container.streams.video[0]
            stream.codec_context.thread_count = 1
            return sum(1 for _ in container.decode(stream)) > 0
    except (av.FFmpegError, AttributeError, IndexError, ValueError, MemoryError, OSError):  # no context: unknown codec
        return False


def with_ffmpeg(path):
    """As shell scripts do: ffmpeg decodes into nothing, and any word of it counts against the file."""
    done = subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-threads", "1", "-i", path, "-map", "0:v:0", "-f", "null",
                           "-"], capture_output=True, check=False)
    return done.returncode == 0 and not done.stderr


def main():
    way, workers, files = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
    check = {"pyav": with_pyav, "ffmpeg": with_ffmpeg}[way]
    pools = {"pyav": concurrent.futures.ProcessPoolExecutor, "ffmpeg": concurrent.futures.ThreadPoolExecutor}
    answers = []
    with pools[way](workers) as pool:
        begun = time.monotonic()
        for future in [pool.submit(check, path) for path in files]:
            try:
                answers.append(future.result())
            except concurrent.futures.process.BrokenProcessPool:
                pass
        seconds = time.monotonic() - begun
    print(way, f"{len(files) / seconds:.2f}", len(answers), answers.count(False))


main()
